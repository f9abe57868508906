import { randomBytes } from "node:crypto";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { boxKey, openBox, type SealedKind, sealBox } from "./box.ts";

/** The first 8 bytes of every sealed object, by kind; the last character is the version. */
export const magics = {
  pack: "MSTRPCK1",
  index: "MSTRIDX1",
  manifest: "MSTRMAN1",
  domain: "MSTRDOM1",
  lease: "MSTRLSE1",
  sweep: "MSTRSWP1",
  log: "MSTRLOG1",
} as const;
const saltLength = 16;
export const headerLength = 8 + saltLength;

/** The header of a sealed object: magic and salt. */
export function sealedHeader(kind: SealedKind, salt: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(magics[kind], "latin1"), salt]);
}

/**
 * Seals a small object as one box, then opens it again and compares, so that a fault of codec or memory is found
 * before anything counts on it. `object` names it within its domain and is bound to it.
 */
export async function sealObject(
  domain: DomainContext,
  kind: SealedKind,
  object: string,
  plain: Uint8Array,
): Promise<Buffer> {
  const salt = randomBytes(saltLength);
  const box = sealBox(boxKey(domain, kind, object, salt), 0, plain, 3);
  const sealed = Buffer.concat([sealedHeader(kind, salt), box]);
  const again = await openObject(domain, kind, object, sealed);
  if (!again.equals(plain)) throw malformed(`${kind} ${object}`, "does not read back as it was written");
  return sealed;
}

/** Opens what `sealObject` made. Throws `repository-corrupt`. */
export async function openObject(
  domain: DomainContext,
  kind: SealedKind,
  object: string,
  sealed: Uint8Array,
): Promise<Buffer> {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  checkMagic(bytes, kind, `${kind} ${object}`);
  const salt = bytes.subarray(8, headerLength);
  return openBox(boxKey(domain, kind, object, salt), 0, bytes.subarray(headerLength));
}

/** Throws `repository-corrupt` unless the object begins as its kind must. */
export function checkMagic(bytes: Buffer, kind: SealedKind, what: string): void {
  if (bytes.length < headerLength) throw malformed(what, "is too short");
  const found = bytes.subarray(0, 8).toString("latin1");
  if (found !== magics[kind]) throw malformed(what, `begins with ${JSON.stringify(found)}, not ${magics[kind]}`);
}
