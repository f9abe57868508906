import { MusterError } from "@muster/core";

/** Reads what a `ByteWriter` wrote. Every read beyond the end throws `repository-corrupt` that names `what`. */
export interface ByteReader {
  readonly left: number;
  u8(): number;
  u32(): number;
  u64(): number;
  bigU64(): bigint;
  i64(): bigint;
  f64(): number;
  varint(): number;
  /** A view, not a copy. */
  bytes(length: number): Buffer;
  block(): Buffer;
}

/** A class for the same reason as the writer's. */
class BufferReader implements ByteReader {
  readonly #buffer: Buffer;
  readonly #what: string;
  #at = 0;

  constructor(buffer: Buffer, what: string) {
    this.#buffer = buffer;
    this.#what = what;
  }

  get left(): number {
    return this.#buffer.length - this.#at;
  }

  #take(count: number): number {
    if (count > this.left) throw malformed(this.#what, `ends at byte ${this.#buffer.length}`);
    this.#at += count;
    return this.#at - count;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#take(4));
  }

  u64(): number {
    return safe(this.bigU64(), this.#what);
  }

  bigU64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#take(8));
  }

  i64(): bigint {
    return this.#buffer.readBigInt64LE(this.#take(8));
  }

  f64(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 42) throw malformed(this.#what, "has a number that is too large");
    }
  }

  bytes(length: number): Buffer {
    const from = this.#take(length);
    return this.#buffer.subarray(from, from + length);
  }

  block(): Buffer {
    return this.bytes(this.varint());
  }
}

export function byteReader(source: Uint8Array, what: string): ByteReader {
  return new BufferReader(asBuffer(source), what);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(what, "has a number that is too large");
  return Number(value);
}

/** The error for stored bytes that do not follow the format. */
export function malformed(what: string, how: string): MusterError {
  return new MusterError("repository-corrupt", `${what} ${how}`);
}
