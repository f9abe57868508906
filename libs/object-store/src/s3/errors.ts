import { MusterError, systemErrorCode } from "@muster/core";

/** Why a store refuses or fails; in `details.reason`. */
type Reason =
  | "wrong-key"
  | "no-credentials"
  | "expired-credentials"
  | "no-permission"
  | "no-bucket"
  | "wrong-region"
  | "clock-skew"
  | "not-supported"
  | "tls"
  | "network"
  | "busy"
  | "damaged-transfer"
  | "request";

interface Meaning {
  readonly reason: Reason;
  readonly says: string;
  readonly hint: string;
  readonly retryable: boolean;
}

const permanent = (reason: Reason, says: string, hint: string): Meaning => ({ reason, says, hint, retryable: false });
const passing = (reason: Reason, says: string, hint: string): Meaning => ({ reason, says, hint, retryable: true });

const wrongKey = permanent(
  "wrong-key",
  "the access key or its secret is wrong",
  "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or the credentials file that the configuration names.",
);
const expired = permanent(
  "expired-credentials",
  "the credentials have expired",
  "Renew the session token, or use credentials that renew themselves.",
);
const wrongRegion = permanent("wrong-region", "the bucket is in another region", "Give its region: …?region=NAME");
const skewed = permanent(
  "clock-skew",
  "this host's clock and the server's differ too much",
  "Set the clock of this host by NTP, then try again.",
);
const busy = passing("busy", "the server is overloaded or failed", "Try again later; look at the server's own log.");
const damaged = passing(
  "damaged-transfer",
  "the bytes were damaged on the way",
  "Try again; if it stays, check the network, a proxy in between, and this host's memory.",
);
const notSupported = permanent(
  "not-supported",
  "the server does not support this request",
  "Use a newer version of the server; docs/repositories.md says what is needed.",
);
const tls = permanent(
  "tls",
  "the TLS connection failed",
  "Check that the endpoint speaks HTTPS, its certificate's name and dates, and name its authority with ca-file.",
);

/** By the error code that S3 and the servers like it answer with. */
const answers: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: wrongKey,
  SignatureDoesNotMatch: wrongKey,
  InvalidClientTokenId: wrongKey,
  ExpiredToken: expired,
  TokenRefreshRequired: expired,
  InvalidToken: expired,
  RequestTimeTooSkewed: skewed,
  RequestExpired: skewed,
  PermanentRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  NotImplemented: notSupported,
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  XAmzContentChecksumMismatch: damaged,
  IncompleteBody: damaged,
  RequestTimeout: busy,
  SlowDown: busy,
  ConditionalRequestConflict: busy,
  OperationAborted: busy,
  CredentialsProviderError: permanent(
    "no-credentials",
    "no credentials were found",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a credentials file in the configuration.",
  ),
};

const noSpace: readonly string[] = ["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"];
const tlsCode = /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER))/;

export interface FailedCall {
  /** What was done on which object. */
  readonly what: string;
  readonly bucket: string;
  readonly endpoint: string;
}

/**
 * Turns an error of the S3 client into one of the port's, with the reason and what to do. An object that is missing is the
 * caller's to tell: what is not found here is the bucket. The cause has no secrets.
 */
export function s3Error(thrown: unknown, call: FailedCall): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const { name, status, text } = facts(thrown);
  const cause = new Error(`${name}: ${text}`); // the client's own has the request, with its signature
  const details = { status, answer: name, bucket: call.bucket };
  if (noSpace.includes(name) || status === 507) {
    return new MusterError("disk-full", `${call.what}: the store has no space left (${name})`, { cause, details });
  }
  const { reason, says, hint, retryable } = meaningOf(thrown, call);
  const message = `${call.what}: ${says} (${call.endpoint}: ${text === name ? name : `${name}, ${text}`})`;
  return new MusterError("store-unavailable", message, { cause, hint, retryable, details: { ...details, reason } });
}

/** The HTTP status of the answer that this error stands for; undefined when there was none. */
export function httpStatus(thrown: unknown): number | undefined {
  return facts(thrown).status;
}

/** S3's code for the error, such as `NoSuchKey`. */
export function answerName(thrown: unknown): string {
  return facts(thrown).name;
}

function facts(thrown: unknown): { name: string; status: number | undefined; text: string } {
  if (!(thrown instanceof Error)) return { name: "Unknown", status: undefined, text: String(thrown) };
  const metadata = "$metadata" in thrown ? (thrown.$metadata as { httpStatusCode?: number }) : undefined; // by the client
  const name = thrown.name === "Error" ? (systemErrorCode(thrown) ?? "Error") : thrown.name;
  return { name, status: metadata?.httpStatusCode, text: thrown.message.split("\n")[0] || name };
}

function meaningOf(thrown: unknown, { bucket }: FailedCall): Meaning {
  const { name, status } = facts(thrown);
  const known = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (known !== undefined) return known;
  if (name === "NoSuchBucket" || name === "NotFound") {
    const hint = "Check its name; Muster makes no buckets. docs/repositories.md says how to set one up.";
    return permanent("no-bucket", `the bucket ${bucket} does not exist`, hint);
  }
  if (status === undefined) return meaningOfNetwork(thrown);
  if (status === 401 || status === 403) {
    const hint = "Allow it in the policy of this key; docs/repositories.md has one for agents and one for the sweeper.";
    return permanent("no-permission", "the key has no permission for this", hint);
  }
  if (status === 301 || status === 307) return wrongRegion;
  if (status === 501) return notSupported;
  if (status === 408 || status === 409 || status === 429 || status >= 500) return busy;
  return permanent("request", "the server refused the request", "Check the address and the server's own log.");
}

function meaningOfNetwork(thrown: unknown): Meaning {
  const code = systemErrorCode(thrown) ?? "";
  if (tlsCode.test(code)) return tls;
  if (thrown instanceof Error && /region is missing/i.test(thrown.message)) {
    return permanent("wrong-region", "no region is given", "Give it: …?region=NAME, or set AWS_REGION.");
  }
  const says = code === "ECONNREFUSED" ? "nothing listens at that address" : "the server did not answer";
  return passing("network", says, "Check the endpoint, that the server runs, and the network in between.");
}
