import type { ServerResponse } from "node:http";
import { problemOf } from "../http/problem.ts";

/** Answers with an error value; what went wrong inside is not told to agents. Does nothing when an answer has begun. */
export function answerError(response: ServerResponse, thrown: unknown, { close }: { readonly close: boolean }): void {
  if (response.headersSent) {
    response.destroy(); // the other side sees that it was cut
    return;
  }
  const { status, code, detail: message, hint, retryable, details } = problemOf(thrown);
  if (close) response.setHeader("connection", "close");
  answerJson(response, status, { code, message, hint, retryable, ...(details === undefined ? {} : { details }) });
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.byteLength });
  response.end(body);
}
