import type { IncomingMessage } from "node:http";
import { addAbortSignal } from "node:stream";
import { crc32 } from "node:zlib";
import { mapLimit } from "@muster/core";
import { roomFor } from "../memory.ts";
import type { ByteRange } from "../port.ts";
import type { VaultConnection } from "./connection.ts";
import { wrongAnswer } from "./errors.ts";
import { checksumText, header, largestObject, sliceSize } from "./wire.ts";

/** A large read is shared by at most so many connections. */
const lanes = 4;

interface Reading {
  readonly key: string;
  readonly signal: AbortSignal | undefined;
  /** Of the caller's, for a range. */
  readonly memory?: Uint8Array | undefined;
}

/** The whole object. */
export async function readWhole(vault: VaultConnection, { key, signal }: Reading): Promise<Uint8Array> {
  const what = `read ${key}`;
  const { bytes, filled } = await vault.call(
    { what, signal, bytes: sliceSize },
    { resource: "object", key },
    async (answer, limit) => {
      const size = numberIn(answer, header.size, largestObject, what);
      const whole = Buffer.allocUnsafeSlow(size);
      const first = Math.min(size, sliceSize);
      await receive(answer, whole.subarray(0, first), what, limit);
      return { bytes: whole, filled: first };
    },
  );
  const rest = { offset: filled, length: bytes.byteLength - filled };
  await readInto(vault, { key, signal }, rest, bytes.subarray(filled));
  return bytes;
}

/** Exactly this range. Throws `repository-corrupt` when the object ends before it. */
export async function readRange(vault: VaultConnection, reading: Reading, range: ByteRange): Promise<Uint8Array> {
  const bytes = roomFor(range.length, reading.memory);
  if (range.length > 0) await readInto(vault, reading, range, bytes);
  else await readSlice(vault, reading, range, bytes); // is it there?
  return bytes;
}

async function readInto(vault: VaultConnection, reading: Reading, range: ByteRange, into: Buffer): Promise<void> {
  await mapLimit(slicesOf(range), lanes, (slice) => {
    const start = slice.offset - range.offset;
    return readSlice(vault, reading, slice, into.subarray(start, start + slice.length));
  });
}

function* slicesOf({ offset, length }: ByteRange): Generator<ByteRange> {
  for (let start = 0; start < length; start += sliceSize) {
    yield { offset: offset + start, length: Math.min(sliceSize, length - start) };
  }
}

async function readSlice(
  vault: VaultConnection,
  { key, signal }: Reading,
  { offset, length }: ByteRange,
  into: Buffer,
): Promise<void> {
  const what = `read ${key}`;
  await vault.call(
    { what, signal, bytes: length },
    { resource: "object", key, query: { offset: String(offset), length: String(length) } },
    (answer, limit) => receive(answer, into, what, limit),
  );
}

/** Copies the body, which has exactly the room's length, and compares its checksum. */
async function receive(answer: IncomingMessage, into: Buffer, what: string, signal: AbortSignal): Promise<void> {
  const length = numberIn(answer, "content-length", sliceSize, what);
  if (length !== into.byteLength) throw wrongAnswer(what, `${into.byteLength} bytes were asked for, ${length} came`);
  let filled = 0;
  for await (const piece of addAbortSignal(signal, answer) as AsyncIterable<Buffer>) {
    into.set(piece, filled);
    filled += piece.byteLength;
  }
  if (filled !== length) throw wrongAnswer(what, `it ends after ${filled} of ${length} bytes`);
  if (checksumText(crc32(into)) !== answer.headers[header.checksum]) throw wrongAnswer(what, "its checksum is wrong");
}

function numberIn(answer: IncomingMessage, name: string, most: number, what: string): number {
  const text = answer.headers[name];
  const value = typeof text === "string" && /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw wrongAnswer(what, `${name} is ${JSON.stringify(text)}`);
}
