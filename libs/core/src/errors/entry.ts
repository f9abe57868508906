/** The family of an error, which decides HTTP, gRPC and exit status at the edge. */
export type ErrorKind =
  | "invalid" // the input is wrong: HTTP 400/422, exit 2
  | "unauthenticated" // no or bad credentials: 401
  | "forbidden" // known, but not allowed: 403
  | "not-found" // 404
  | "conflict" // the state does not allow it now: 409
  | "precondition" // a check that protects data refused: 412, exit 1
  | "exhausted" // disk, quota, memory, rate: 507/429
  | "unavailable" // somebody does not answer: 503
  | "timeout" // a deadline passed: 504, exit 124
  | "cancelled" // somebody asked to stop: 499, exit 130
  | "corrupt" // stored data is damaged: 500
  | "internal"; // a bug: 500

export interface ErrorEntry {
  readonly kind: ErrorKind;
  /** One sentence: what happened. */
  readonly summary: string;
  /** One sentence: what to do. */
  readonly hint: string;
  readonly retryable: boolean;
}

/** Checks the shape of a part of the registry and keeps its codes as literal types. */
export function entries<const T extends Readonly<Record<string, ErrorEntry>>>(part: T): T {
  return part;
}
