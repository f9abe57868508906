import { fromErrorValue, MusterError, systemErrorCode } from "@muster/core";
import type { VaultLocation } from "./location.ts";

/** The error of an answer that is none of 2xx. Without an error value in it, it is not from a vault. */
export function refusal(status: number, body: string, what: string): MusterError {
  const value = errorValueIn(body);
  if (value !== undefined) return fromErrorValue(value);
  return new MusterError("store-unavailable", `${what}: the answer (HTTP ${status}) is not that of a vault`, {
    hint: "Check the address that the control plane advertises, and what stands between it and this host.",
    retryable: status >= 500,
  });
}

interface ErrorLike {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

function errorValueIn(body: string): ErrorLike | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isErrorLike(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isErrorLike(value: unknown): value is ErrorLike {
  if (typeof value !== "object" || value === null) return false;
  const { code, message, hint, retryable } = value as Readonly<Record<string, unknown>>; // an object has properties
  if (hint !== undefined && typeof hint !== "string") return false;
  if (retryable !== undefined && typeof retryable !== "boolean") return false;
  return typeof code === "string" && typeof message === "string";
}

const wrongAuthority =
  /^(SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_SIGNATURE|CERT_UNTRUSTED|ERR_TLS_CERT_ALTNAME)/;

/** The error for a request that got no answer; `expiresAt` is the end of this host's certificate, `now` the time, both in milliseconds. */
export function networkError(
  thrown: unknown,
  what: string,
  { location, expiresAt, now }: { location: VaultLocation; expiresAt: number; now: number },
): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const code = systemErrorCode(thrown) ?? "";
  const place = `${location.host}:${location.port}`;
  if (wrongAuthority.test(code)) {
    return new MusterError("ca-mismatch", `${what}: the vault at ${place} is not that of this host's control plane`, {
      cause: thrown,
    });
  }
  if (now >= expiresAt) {
    // The server ends the connection of a certificate that it does not take without a word.
    const at = new Date(expiresAt).toISOString();
    return new MusterError("unauthenticated", `${what}: this host's certificate expired at ${at}`, {
      cause: thrown,
      hint: "Look in the agent's log why it was not renewed; enrol the host again with a fresh token and --force.",
    });
  }
  const says = code === "ECONNREFUSED" ? "nothing listens there" : "the connection failed";
  const text = thrown instanceof Error ? thrown.message.split("\n")[0] : String(thrown);
  return new MusterError("store-unavailable", `${what}: ${says} (vault at ${place}: ${text})`, {
    cause: thrown,
    hint: "Check that the control plane runs, that this host reaches the port of its vault, and that this host's certificate was not revoked.",
  });
}

/** The error for an answer that breaks the protocol: what came is not what was asked for. */
export function wrongAnswer(what: string, why: string): MusterError {
  return new MusterError("store-unavailable", `${what}: the answer of the vault cannot be right: ${why}`, {
    hint: "Try again; if it stays, check the network and the memory of both machines.",
  });
}
