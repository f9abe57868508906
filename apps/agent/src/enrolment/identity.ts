import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { MusterError, systemErrorCode } from "@muster/core";
import { writeAtomic } from "../data/atomic-file.ts";

/** Who this host is to the control plane. One file, so that key and certificate always fit together. */
export interface Identity {
  readonly host: string;
  readonly hostId: string;
  /** PKCS #8 in PEM, made on this host; never leaves it. */
  readonly privateKey: string;
  readonly certificate: string;
  readonly caCertificate: string;
  readonly sessionAddress: string;
}

const fields = ["host", "hostId", "privateKey", "certificate", "caCertificate", "sessionAddress"] as const;

function parseIdentity(text: string): Identity {
  const value = JSON.parse(text) as Partial<Identity>; // each field is checked on the next line
  const missing = fields.filter((field) => typeof value[field] !== "string");
  if (missing.length > 0) throw new Error(`these fields are missing: ${missing.join(", ")}`);
  return value as Identity; // checked above
}

/** Undefined when this host is not enrolled. */
export function readIdentity(path: string): Identity | undefined {
  try {
    return parseIdentity(readFileSync(path, "utf8"));
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw new MusterError("config-invalid", `${path}: the enrolment cannot be read`, {
      cause,
      hint: "Enrol again with a fresh token and --force.",
    });
  }
}

/** Throws `unauthenticated` when this host is not enrolled. */
export function requireIdentity(path: string): Identity {
  const identity = readIdentity(path);
  if (identity !== undefined) return identity;
  throw new MusterError("unauthenticated", `this host is not enrolled: ${path} is not there`, {
    hint: "Run: muster-agent enroll --token-file FILE, with the token of: muster token create --host NAME",
  });
}

export function writeIdentity(path: string, identity: Identity): Promise<void> {
  return writeAtomic(path, `${JSON.stringify(identity, null, 2)}\n`, 0o600);
}

/** When a certificate in PEM begins and ends, in milliseconds since the epoch. */
export function validity(certificate: string): { notBefore: number; notAfter: number } {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}
