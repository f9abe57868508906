import { MusterError } from "@muster/core";

/** Reads what a `ByteWriter` wrote. Every read beyond the end throws `repository-corrupt` that names `what`. */
export interface ByteReader {
  readonly left: number;
  u8(): number;
  u32(): number;
  u64(): number;
  bigU64(): bigint;
  i64(): bigint;
  varint(): number;
  /** A view, not a copy. */
  bytes(length: number): Buffer;
  block(): Buffer;
}

export function byteReader(source: Uint8Array, what: string): ByteReader {
  const buffer = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;
  const take = (count: number): number => {
    if (count > buffer.length - at) throw malformed(what, `ends at byte ${buffer.length}`);
    at += count;
    return at - count;
  };
  const reader: ByteReader = {
    get left() {
      return buffer.length - at;
    },
    u8: () => buffer.readUInt8(take(1)),
    u32: () => buffer.readUInt32LE(take(4)),
    u64: () => safe(buffer.readBigUInt64LE(take(8)), what),
    bigU64: () => buffer.readBigUInt64LE(take(8)),
    i64: () => buffer.readBigInt64LE(take(8)),
    varint() {
      let value = 0;
      for (let scale = 1; ; scale *= 0x80) {
        const byte = reader.u8();
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) return value;
        if (scale > 2 ** 42) throw malformed(what, "has a number that is too large");
      }
    },
    bytes(length) {
      const from = take(length);
      return buffer.subarray(from, from + length);
    },
    block: () => reader.bytes(reader.varint()),
  };
  return reader;
}

function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(what, "has a number that is too large");
  return Number(value);
}

/** The error for stored bytes that do not follow the format. */
export function malformed(what: string, how: string): MusterError {
  return new MusterError("repository-corrupt", `${what} ${how}`);
}
