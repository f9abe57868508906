import { crc32 } from "node:zlib";
import { MusterError } from "@muster/core";
import { checkKey } from "../keys.ts";
import type { ObjectInfo } from "../port.ts";

/*
 * What agents and the control plane's vault say to each other, over HTTPS with a certificate on both sides:
 *
 *   PUT /v1/<repository>/object/<key>                      creates; `content-length` and the checksum are required
 *   GET /v1/<repository>/object/<key>?offset=…&length=…    exactly this range, at most `sliceSize` bytes
 *   GET /v1/<repository>/object/<key>                      the first `sliceSize` bytes, and the object's size
 *   GET /v1/<repository>/info/<key>                        size and time
 *   GET /v1/<repository>/list?prefix=…                     a line for each object, and one that says that it is the end
 *   GET /v1/<repository>/space                             bytes that this host can still write
 *
 * There is no other method. An answer other than 2xx has an error value (see @muster/core) as its JSON body.
 */

/** The most bytes that one answer has. Larger reads are put together of several. */
export const sliceSize = 4 * 2 ** 20;

/** The largest object that a vault takes, in bytes. */
export const largestObject = 256 * 2 ** 20;

/** Bodies of more bytes wait until the server has said that it will take them (100-continue). */
export const unaskedBody = 65_536;

export const header = {
  /** CRC-32 of the body, eight hexadecimal digits. */
  checksum: "x-muster-crc32",
  /** Size of the whole object. */
  size: "x-muster-size",
} as const;

export const resources = ["object", "info", "list", "space"] as const;
export type VaultResource = (typeof resources)[number];

/** The checksum of joined parts as it stands in its header. */
export function checksumOf(parts: Iterable<Uint8Array>): string {
  let value = 0;
  for (const part of parts) value = crc32(part, value);
  return checksumText(value);
}

/** A CRC-32 as it stands in its header. */
export function checksumText(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** A key as it stands in a path: of all that a key may hold, only `%` means something else there. */
export function encodeKey(key: string): string {
  return key.replaceAll("%", "%25");
}

/** The inverse; it takes nothing but what `encodeKey` makes. Throws `usage`. */
export function decodeKey(path: string): string {
  if (/%(?!25)/.test(path)) {
    throw new MusterError("usage", `${JSON.stringify(path)} is not the path of an object`, {
      hint: "In a path %25 stands for %; nothing else of a key is escaped.",
    });
  }
  const key = path.replaceAll("%25", "%");
  checkKey(key);
  return key;
}

/** A line of a list: an object, or the end with the number of objects before it. */
export type ListLine = ObjectInfo | { readonly end: number };
