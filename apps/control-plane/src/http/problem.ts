import { asMusterError, type ErrorCode, type ErrorValue, errorRegistry, errorValue, MusterError } from "@muster/core";
import type { Problem } from "@muster/protocol";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

type Kind = (typeof errorRegistry)[ErrorCode]["kind"];

const statusOfKind: Readonly<Record<Kind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  precondition: 412,
  exhausted: 507,
  unavailable: 503,
  timeout: 504,
  cancelled: 499,
  corrupt: 500,
  internal: 500,
};

/** The RFC 9457 problem document for anything thrown while a request was answered. */
export function problemOf(thrown: unknown): Problem {
  if (hasZodFastifySchemaValidationErrors(thrown)) return problem(validationError(thrown), 400);
  if (thrown instanceof MusterError) return problem(thrown, statusOfKind[errorRegistry[thrown.code].kind]);
  const status = statusOf(thrown);
  if (status === 429) return problem(new MusterError("rate-limited", "too many requests from this address"), 429);
  if (status !== undefined && status < 500) return problem(frameworkError(thrown), status);
  // What went wrong may name tables or values: it goes to the log, not to the caller.
  return problem(new MusterError("internal", "the control plane met an error that it did not expect"), 500);
}

function problem(error: MusterError, status: number): Problem {
  const { code, message, hint, retryable, details }: ErrorValue = errorValue(error);
  const title = errorRegistry[code].summary;
  const facts = details === undefined ? {} : { details: { ...details } };
  return { type: `/errors/${code}`, title, status, detail: message, code, hint, retryable, ...facts };
}

interface Violation {
  readonly instancePath: string;
  readonly message?: string | undefined;
}

function validationError(thrown: { validation: readonly Violation[]; validationContext?: string }): MusterError {
  const part = thrown.validationContext ?? "request";
  const issues = thrown.validation.map(({ instancePath, message }) => ({
    field: [part, ...instancePath.split("/").filter((name) => name !== "")].join("."),
    message: message ?? "is not valid",
  }));
  const text = issues.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return new MusterError("request-invalid", text, { details: { issues } });
}

/** Errors of Fastify itself: a body too large, broken JSON, a media type it does not know. */
function frameworkError(thrown: unknown): MusterError {
  return new MusterError("request-invalid", asMusterError(thrown).message, { cause: thrown });
}

function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== "object" || thrown === null || !("statusCode" in thrown)) return undefined;
  return typeof thrown.statusCode === "number" ? thrown.statusCode : undefined;
}
