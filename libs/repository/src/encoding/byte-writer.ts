/** Appends numbers and bytes to a growing buffer. Integers are little-endian; `varint` is unsigned LEB128. */
export interface ByteWriter {
  readonly length: number;
  u8(value: number): void;
  u32(value: number): void;
  u64(value: number | bigint): void;
  i64(value: bigint): void;
  varint(value: number): void;
  bytes(value: Uint8Array): void;
  /** A varint length, then the bytes. */
  block(value: Uint8Array): void;
  /** A view of what was written; valid until the next write. */
  view(): Buffer;
  reset(): void;
}

export function byteWriter(capacity = 4096): ByteWriter {
  let buffer = Buffer.allocUnsafe(capacity);
  let length = 0;
  const reserve = (count: number): number => {
    if (length + count > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + count));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    length += count;
    return length - count;
  };
  const writer: ByteWriter = {
    get length() {
      return length;
    },
    u8(value) {
      const at = reserve(1);
      buffer.writeUInt8(value, at);
    },
    u32(value) {
      const at = reserve(4);
      buffer.writeUInt32LE(value, at);
    },
    u64(value) {
      const at = reserve(8);
      buffer.writeBigUInt64LE(BigInt(value), at);
    },
    i64(value) {
      const at = reserve(8);
      buffer.writeBigInt64LE(value, at);
    },
    varint(value) {
      let rest = value;
      while (rest >= 0x80) {
        writer.u8((rest % 0x80) | 0x80); // no shift: values go up to 2^53
        rest = Math.floor(rest / 0x80);
      }
      writer.u8(rest);
    },
    bytes(value) {
      const at = reserve(value.length);
      buffer.set(value, at);
    },
    block(value) {
      writer.varint(value.length);
      writer.bytes(value);
    },
    view: () => buffer.subarray(0, length),
    reset: () => {
      length = 0;
    },
  };
  return writer;
}
