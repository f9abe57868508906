import { crc32 } from "node:zlib";

/** CRC-32 of the joined parts as S3 writes it: four bytes, big-endian, base64. */
export function checksum(parts: readonly Uint8Array[]): string {
  let value = 0;
  for (const part of parts) value = crc32(part, value);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
}
