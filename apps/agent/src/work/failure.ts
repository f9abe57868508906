import { type ErrorCode, errorValue, MusterError } from "@muster/core";
import {
  type CommandFinishedSchema,
  create,
  type Failure,
  FailureSchema,
  type JsonObject,
  type MessageInitShape,
} from "@muster/protocol/grpc";

/** How a command ended: the `outcome` field of CommandFinished. */
export type Outcome = NonNullable<MessageInitShape<typeof CommandFinishedSchema>["outcome"]>;

export function failure(code: ErrorCode, message: string): Outcome {
  return failureOutcome(new MusterError(code, message));
}

/** The outcome of a command whose work threw. */
export function failureOutcome(thrown: unknown): Outcome {
  return { case: "failure", value: failureMessage(thrown) };
}

/** Anything thrown as the wire's error value. */
export function failureMessage(thrown: unknown): Failure {
  const { code, message, hint, retryable, details } = errorValue(thrown);
  return create(FailureSchema, { code, message, hint, retryable, ...(details && { details: plain(details) }) });
}

/** Drops what JSON cannot carry. */
function plain(details: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(details)) as JsonObject; // made from JSON
}
