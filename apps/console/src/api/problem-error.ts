import { problemSchema } from "@muster/protocol";

/** What went wrong with a call, and what to do about it. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  /** From the error registry (docs/errors.md), or one of the console's own: `server-unavailable`, `answer-unreadable`. */
  readonly code: string;
  readonly hint: string;
  readonly status: number | undefined;

  constructor(code: string, message: string, { hint, status }: { hint: string; status?: number }) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.status = status;
  }
}

/** The error of an answer that is not a success; a proxy's answer is no problem document. */
export function problemOf(status: number, body: unknown): ProblemError {
  const { data } = problemSchema.safeParse(body);
  if (data !== undefined) return new ProblemError(data.code, data.detail, { hint: hintOf(status, data.hint), status });
  return new ProblemError("server-unavailable", `the control plane's address answered with status ${status}`, {
    hint: "Something between the browser and the control plane may be down; try again in a moment.",
    status,
  });
}

/** The API's hint for a missing token speaks of the command line. */
function hintOf(status: number, hint: string): string {
  return status === 401 ? "Paste a token that has neither expired nor been revoked." : hint;
}

/** Anything thrown by a call, as a problem. */
export function asProblem(thrown: unknown): ProblemError {
  if (thrown instanceof ProblemError) return thrown;
  const late = thrown instanceof DOMException && thrown.name === "TimeoutError";
  const message = late ? "the control plane takes too long to answer" : "the control plane cannot be reached";
  return new ProblemError("server-unavailable", message, {
    hint: "Agents go on by their last schedule. The console tries again by itself.",
  });
}
