import { addAbortSignal, Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { MusterError } from "@muster/core";
import { shortObject } from "../fs/read.ts";
import { roomFor } from "../memory.ts";
import type { ByteRange } from "../port.ts";
import { checksum } from "./checksum.ts";
import type { Connection } from "./connection.ts";
import { answerName, httpStatus } from "./errors.ts";

/** A large read is shared by at most so many connections, each with at least so many bytes. */
const lanes = 4;
const smallestLane = 4 * 2 ** 20;

interface Reading {
  readonly key: string;
  readonly signal: AbortSignal | undefined;
  /** Of the caller's, for a range. */
  readonly memory?: Uint8Array | undefined;
}

/** The whole object, compared with the checksum that the server keeps of it; read twice before it counts as damaged. */
export async function readWhole(s3: Connection, reading: Reading): Promise<Uint8Array> {
  for (let again = false; ; again = true) {
    const { bytes, crc } = await readOnce(s3, reading);
    if (crc === undefined || crc === checksum([bytes])) return bytes;
    if (again) throw damaged(reading.key);
  }
}

async function readOnce(s3: Connection, reading: Reading): Promise<{ bytes: Buffer; crc: string | undefined }> {
  const what = `read ${reading.key}`;
  const answer = await s3.call({ what, signal: reading.signal, bytes: smallestLane * lanes }, (signal) =>
    request(s3, reading, signal, undefined),
  );
  if (answer.ContentLength === undefined) throw wrongAnswer(reading.key, "it does not say how long the object is");
  const bytes = Buffer.allocUnsafeSlow(answer.ContentLength);
  const [first, ...others] = share(0, bytes.byteLength);
  // The answer that told the size goes on as the first lane.
  const started = readFirst(s3, reading, answer, bytes.subarray(0, first?.length));
  await settleAll([started, ...others.map((lane) => readLane(s3, reading, lane, bytes.subarray(lane.offset)))]);
  return { bytes, crc: answer.ChecksumType === "COMPOSITE" ? undefined : answer.ChecksumCRC32 };
}

/** Exactly this range. Throws `repository-corrupt` when the object ends before it. */
export async function readRange(s3: Connection, reading: Reading, range: ByteRange): Promise<Uint8Array> {
  const bytes = roomFor(range.length, reading.memory);
  const work = share(range.offset, range.length).map((lane) =>
    readLane(s3, reading, lane, bytes.subarray(lane.offset - range.offset)),
  );
  await settleAll(work);
  return bytes;
}

/** Cuts a range into the parts that are read at once. */
function share(offset: number, length: number): ByteRange[] {
  const count = Math.max(1, Math.min(lanes, Math.floor(length / smallestLane)));
  const size = Math.ceil(length / count);
  return Array.from({ length: count }, (_, lane) => ({
    offset: offset + lane * size,
    length: Math.min(size, length - lane * size),
  }));
}

/** Waits for all, so that nothing writes into the buffer later, then throws the first failure. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function readFirst(
  s3: Connection,
  reading: Reading,
  answer: GetObjectCommandOutput,
  into: Buffer,
): Promise<void> {
  let filled = 0;
  try {
    await drain(answer, into, reading.signal, (count) => {
      filled += count;
    });
  } catch {
    // The connection broke; what is missing is read like another lane.
  }
  if (filled < into.byteLength) {
    await readLane(s3, reading, { offset: filled, length: into.byteLength - filled }, into.subarray(filled));
  }
}

/** Fills the start of `into` with a range; after a broken connection it goes on from where that one ended. */
async function readLane(s3: Connection, reading: Reading, range: ByteRange, into: Buffer): Promise<void> {
  let filled = 0;
  await s3.call({ what: `read ${reading.key}`, ...reading, bytes: range.length }, async (signal) => {
    const rest = { offset: range.offset + filled, length: range.length - filled };
    const answer = await request(s3, reading, signal, rest);
    const total = checkRange(reading.key, answer, rest.offset);
    const end = range.offset + range.length;
    if (total < end) throw shortObject(reading.key, end, total);
    const target = into.subarray(filled, range.length);
    await drain(answer, target, signal, (count) => {
      filled += count;
    });
    if (filled < range.length) throw cut(reading.key);
  });
}

async function request(
  s3: Connection,
  { key }: Reading,
  abortSignal: AbortSignal,
  range: ByteRange | undefined,
): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({
    Bucket: s3.bucket,
    Key: s3.prefix + key,
    ...(range === undefined ? {} : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
  });
  try {
    return await s3.client.send(command, { abortSignal });
  } catch (thrown) {
    if (answerName(thrown) === "NoSuchKey") throw new MusterError("object-missing", `${key} is missing`);
    if (httpStatus(thrown) === 416 && range !== undefined)
      throw shortObject(key, range.offset + range.length, range.offset);
    throw thrown;
  }
}

/** Copies the body into the buffer, no more than fits, and tells of every piece. */
async function drain(
  answer: GetObjectCommandOutput,
  into: Buffer,
  signal: AbortSignal | undefined,
  count: (bytes: number) => void,
): Promise<void> {
  if (!(answer.Body instanceof Readable)) throw new MusterError("internal", "the S3 client gave no stream");
  const body = signal === undefined ? answer.Body : addAbortSignal(signal, answer.Body);
  const more = (answer.ContentLength ?? 0) > into.byteLength;
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const fits = chunk.subarray(0, into.byteLength - filled);
    into.set(fits, filled);
    filled += fits.byteLength;
    count(fits.byteLength);
    if (more && filled === into.byteLength) break; // which ends the connection; one that is read to its end is kept
  }
}

/** The size of the object of an answer that begins where it should. */
function checkRange(key: string, { ContentRange = "" }: GetObjectCommandOutput, offset: number): number {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange) ?? [];
  if (Number(start) === offset && total !== undefined) return Number(total);
  throw wrongAnswer(key, `the range from byte ${offset} was asked for, and ${ContentRange || "no range"} came`);
}

function wrongAnswer(key: string, what: string): MusterError {
  return new MusterError("store-unavailable", `read ${key}: the answer cannot be right: ${what}`, {
    hint: "The server, or a proxy before it, is not one for S3.",
    retryable: false,
  });
}

function cut(key: string): MusterError {
  return new MusterError("store-unavailable", `read ${key}: the connection ended early`);
}

function damaged(key: string): MusterError {
  return new MusterError("repository-corrupt", `${key} does not have the checksum that the store keeps of it`, {
    hint: "Read it again; if it stays, run a verification and restore from another copy.",
    details: { key },
  });
}
