import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { asMusterError, type ErrorCode, errorRegistry, errorValue, fromErrorValue, MusterError } from "@muster/core";

type Kind = (typeof errorRegistry)[ErrorCode]["kind"];

/** Trailer that carries the error value as JSON, beside the gRPC status. */
const trailer = "muster-error-bin";

const statusOfKind: Readonly<Record<Kind, status>> = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  "not-found": status.NOT_FOUND,
  conflict: status.ABORTED,
  precondition: status.FAILED_PRECONDITION,
  exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  corrupt: status.DATA_LOSS,
  internal: status.INTERNAL,
};

/** What a server sends for a thrown value. */
export function toServiceError(thrown: unknown): Partial<ServiceError> {
  const error = asMusterError(thrown);
  const metadata = new Metadata();
  metadata.set(trailer, Buffer.from(JSON.stringify(errorValue(error))));
  return { code: statusOfKind[errorRegistry[error.code].kind], details: error.message, metadata };
}

const codeOfStatus: Partial<Record<status, ErrorCode>> = {
  [status.UNAUTHENTICATED]: "unauthenticated",
  [status.PERMISSION_DENIED]: "forbidden",
  [status.DEADLINE_EXCEEDED]: "timeout",
  [status.CANCELLED]: "cancelled",
};

/** What a client throws for a failed call: the server's own error where it sent one. */
export function fromServiceError(error: ServiceError, address: string): MusterError {
  const [carried] = error.metadata?.get(trailer) ?? [];
  if (carried !== undefined) return fromErrorValue(JSON.parse(carried.toString()));
  const code = codeOfStatus[error.code];
  if (code !== undefined) return new MusterError(code, error.details, { cause: error });
  if (error.code === status.UNAVAILABLE) return unavailable(error, address);
  return new MusterError("internal", `${address}: ${error.details || error.message}`, { cause: error });
}

function unavailable(error: ServiceError, address: string): MusterError {
  const certificate = /certificate|self.signed|issuer|altname/i.test(error.details);
  if (certificate) return new MusterError("ca-mismatch", `${address}: ${error.details}`, { cause: error });
  return new MusterError("host-offline", `${address} does not answer: ${error.details}`, {
    cause: error,
    hint: "Check that the control plane runs, and the address and port.",
  });
}
