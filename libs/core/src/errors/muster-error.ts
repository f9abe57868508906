import { type ErrorCode, errorRegistry } from "./registry.ts";

export interface ErrorOptions {
  readonly cause?: unknown;
  /** What the reader should do; defaults to the registry's hint for the code. */
  readonly hint?: string;
  /** Whether the same call may succeed later without a change; defaults to the registry's answer. */
  readonly retryable?: boolean;
  /** Facts for machines: host, source, path, expected, found. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error class: says what, where, what to do, and whether it may be retried. */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MusterError";
    this.code = code;
    const entry = errorRegistry[code];
    this.hint = options.hint ?? entry.hint;
    this.retryable = options.retryable ?? entry.retryable;
    this.details = options.details ?? {};
  }
}

/** The plain form in which an error crosses a process, the wire or the database. */
export interface ErrorValue {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Turns anything thrown into an error value; what is not a MusterError becomes `internal`. */
export function errorValue(thrown: unknown): ErrorValue {
  const error = asMusterError(thrown);
  const { code, message, hint, retryable, details } = error;
  return Object.keys(details).length === 0
    ? { code, message, hint, retryable }
    : { code, message, hint, retryable, details };
}

/** Rebuilds an error from its value; a code this version does not know becomes `internal`. */
export function fromErrorValue(value: {
  code: string;
  message: string;
  hint?: string | undefined;
  retryable?: boolean | undefined;
  details?: Readonly<Record<string, unknown>> | undefined;
}): MusterError {
  const code = isErrorCode(value.code) ? value.code : "internal";
  return new MusterError(code, value.message, {
    ...(value.hint === undefined ? {} : { hint: value.hint }),
    ...(value.retryable === undefined ? {} : { retryable: value.retryable }),
    ...(value.details === undefined ? {} : { details: value.details }),
  });
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorRegistry, code);
}

/** Wraps a thrown value that is not a MusterError; the cause is kept. */
export function asMusterError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MusterError("internal", message, { cause: thrown });
}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`, …), or undefined. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
