/** Appends numbers and bytes to a growing buffer. Integers are little-endian; `varint` is unsigned LEB128. */
export interface ByteWriter {
  readonly length: number;
  u8(value: number): void;
  u32(value: number): void;
  u64(value: number | bigint): void;
  i64(value: bigint): void;
  f64(value: number): void;
  varint(value: number): void;
  bytes(value: Uint8Array): void;
  /** A varint length, then the bytes. */
  block(value: Uint8Array): void;
  /** A view of what was written; valid until the next write. */
  view(): Buffer;
  reset(): void;
}

/** A class, as entries are written by the ten thousand: closures for each would be most of what the collector does. */
class GrowingWriter implements ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    if (at + count > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, at + count));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length += count;
    return at;
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#buffer.writeUInt32LE(value, at);
  }

  u64(value: number | bigint): void {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64LE(BigInt(value), at);
  }

  i64(value: bigint): void {
    const at = this.#reserve(8);
    this.#buffer.writeBigInt64LE(value, at);
  }

  f64(value: number): void {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleLE(value, at);
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80); // no shift: values go up to 2^53
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#buffer.set(value, at);
  }

  block(value: Uint8Array): void {
    this.varint(value.length);
    this.bytes(value);
  }

  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  reset(): void {
    this.#length = 0;
  }
}

export function byteWriter(capacity = 4096): ByteWriter {
  return new GrowingWriter(capacity);
}
