import type { z } from "zod";
import { noteServerDate } from "../server-time.ts";
import { createEventReader, type ServerEvent } from "./event-stream.ts";
import { asProblem, ProblemError, problemOf } from "./problem-error.ts";

/** No answer takes longer, in milliseconds; the checks of a preview ask every agent. */
const answerTime = 60_000;
/** A stream says something every 15 seconds; one that is silent for this long is dead, in milliseconds. */
const silence = 40_000;

/** The control plane's API, as the owner of one token; every call throws `ProblemError`. */
export interface Api {
  get<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, schema: z.ZodType<T>, body: unknown, options?: PostOptions): Promise<T>;
  /** Server-sent events until the connection ends. */
  events(
    path: string,
    options: { readonly lastId: string | undefined; signal: AbortSignal },
  ): AsyncIterable<ServerEvent>;
}

export interface PostOptions {
  readonly signal?: AbortSignal;
  /** Makes a repeat harmless. */
  readonly idempotencyKey?: string;
}

/** Calls the API that the console was loaded from. */
export function createApi(token: string): Api {
  const authorization = `Bearer ${token}`;
  return {
    get: (path, schema, signal) => call(path, schema, { headers: { authorization } }, signal),
    post: (path, schema, body, { signal, idempotencyKey } = {}) => {
      const headers: Record<string, string> = { authorization, "content-type": "application/json" };
      if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
      const request = { method: "POST", headers, body: JSON.stringify(body) };
      return call(path, schema, request, signal);
    },
    events: (path, { lastId, signal }) =>
      listen(path, { authorization, ...(lastId === undefined ? {} : { "last-event-id": lastId }) }, signal),
  };
}

async function call<T>(path: string, schema: z.ZodType<T>, request: RequestInit, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(answerTime);
  const response = await send(path, {
    ...request,
    signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
  });
  return readAnswer(path, schema, await response.json().catch(() => undefined));
}

/** What an answer or an event says. Throws `ProblemError` when it is not as the schema says. */
export function readAnswer<T>(path: string, schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new ProblemError("answer-unreadable", `the answer to ${path} is not what this console understands`, {
    hint: "The control plane may be newer than this page: reload it.",
  });
}

async function* listen(path: string, headers: Record<string, string>, signal: AbortSignal): AsyncIterable<ServerEvent> {
  const dead = new AbortController();
  const response = await send(path, { headers, signal: AbortSignal.any([signal, dead.signal]) });
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const read = createEventReader();
  for (;;) {
    const timer = setTimeout(() => dead.abort(), silence);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    yield* read(value);
  }
}

async function send(path: string, request: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...request, credentials: "omit", cache: "no-store" }).catch(
    (thrown: unknown) => {
      throw asProblem(thrown);
    },
  );
  noteServerDate(response.headers.get("date"));
  if (response.ok) return response;
  throw problemOf(response.status, await response.json().catch(() => undefined));
}
