import { randomBytes } from "node:crypto";
import { v7 } from "uuid";

/** A new id that sorts by creation time (UUID version 7, RFC 9562), optionally with a prefix: `rec_0197…`. */
export function newId(prefix?: string): string {
  const id = v7();
  return prefix === undefined ? id : `${prefix}_${id.replaceAll("-", "")}`;
}

/** A secret of `bytes` random bytes in base64url. */
export function newSecret(bytes = 32): string {
  return randomBytes(bytes).toString("base64url");
}
