import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { breather, MusterError, systemErrorCode, throwIfAborted } from "@muster/core";
import { chunksOf, type Fill, fillFrom, type WindowPool } from "../chunk/chunks.ts";
import { chunkSizes } from "../chunk/cut.ts";
import { contentBuilder } from "../tree/chunk-list.ts";
import { noContent } from "../tree/entry-codec.ts";
import type { Content, EntryMeta } from "../types.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import type { MaybeLater } from "./previous-point.ts";

/** What storing content needs. */
export interface Sink {
  readonly chunks: ChunkWriter;
  readonly windows: WindowPool;
  readonly signal: AbortSignal | undefined;
  /** Told about every chunk that was read. */
  readonly onRead: (bytes: number) => void;
}

/** Bytes that one read of a file asks for. */
const readSize = 2 ** 20;

async function storeFrom(fill: Fill, sink: Sink): Promise<Content> {
  const content = contentBuilder(async (list) => (await sink.chunks.storeMeta(list)).id);
  for await (const chunk of chunksOf(fill, sink.windows)) {
    throwIfAborted(sink.signal);
    await content.add(sink.chunks.store(chunk));
    await sink.chunks.room();
    sink.onRead(chunk.length);
  }
  return content.finish();
}

/** Stores a stream, and stops it when storing fails. */
export async function storeStream(source: AsyncIterable<Uint8Array>, sink: Sink): Promise<Content> {
  const { fill, stop } = fillFrom(source);
  try {
    return await storeFrom(fill, sink);
  } catch (thrown) {
    await stop().catch(() => undefined); // the first failure is the one to tell
    throw thrown;
  }
}

export interface ReadFile {
  readonly content: Content;
  readonly stats: BigIntStats;
  readonly changed: boolean;
}

/** Up to this many bytes a file that changes while it is read is worth reading again. */
const smallFile = 2 ** 20;

/**
 * Reads and stores a regular file, which was `seen` on the disk a moment ago; again up to `rereads` times while a small one changes.
 */
export function storeSettled(
  path: string | Buffer,
  seen: BigIntStats,
  sink: Sink,
  rereads: number,
): MaybeLater<ReadFile> {
  const again = (read: ReadFile): MaybeLater<ReadFile> =>
    !read.changed || rereads === 0 || read.stats.size > smallFile
      ? read
      : storeSettled(path, read.stats, sink, rereads - 1);
  const read = storeAsSeen(path, seen, sink) ?? storeDiskFile(path, sink);
  return read instanceof Promise ? read.then(again) : again(read);
}

/** Mode, owner and time of a file, as an entry keeps them. */
export function metaOf({ mode, uid, gid, mtimeNs }: BigIntStats): EntryMeta {
  return { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs };
}

/** A file of one chunk, if it still is what was seen when it has been read: one look less for each of many small files. */
function storeAsSeen(path: string | Buffer, seen: BigIntStats, sink: Sink): ReadFile | undefined {
  if (seen.size > chunkSizes.shortest) return undefined;
  const file: OpenFile = { path, descriptor: openForReading(path), stats: seen, read: 0 };
  try {
    const content = storeOneChunk(file, sink);
    const stats = fstatSync(file.descriptor, { bigint: true });
    return isSameFile(stats, seen) && BigInt(file.read) === seen.size ? { content, stats, changed: false } : undefined;
  } finally {
    closeSync(file.descriptor);
  }
}

function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.isFile() &&
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

/**
 * Reads and stores a regular file; does not follow a link in its last component. Files are read by synchronous calls, and a
 * small one is stored without a promise: for many of them the way through libuv's pool and the queue of promises costs
 * several times as much as the calls.
 */
function storeDiskFile(path: string | Buffer, sink: Sink): MaybeLater<ReadFile> {
  const file = openRegular(path);
  if (file.stats.size > chunkSizes.shortest) return storeLarge(file, sink);
  try {
    return outcome(file, storeOneChunk(file, sink));
  } finally {
    closeSync(file.descriptor);
  }
}

async function storeLarge(file: OpenFile, sink: Sink): Promise<ReadFile> {
  try {
    return outcome(file, await storeFrom(fillFromDisk(file), sink));
  } finally {
    closeSync(file.descriptor);
  }
}

function outcome({ descriptor, stats, read }: OpenFile, content: Content): ReadFile {
  const after = fstatSync(descriptor, { bigint: true });
  const changed = stats.size !== after.size || stats.mtimeNs !== after.mtimeNs || BigInt(read) !== stats.size;
  return { content, stats, changed };
}

interface OpenFile {
  readonly path: string | Buffer;
  readonly descriptor: number;
  readonly stats: BigIntStats;
  /** Bytes read so far. */
  read: number;
}

function openForReading(path: string | Buffer): number {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  return orFileError(path, () => openSync(path, flags));
}

function openRegular(path: string | Buffer): OpenFile {
  const descriptor = openForReading(path);
  const stats = fstatSync(descriptor, { bigint: true });
  if (stats.isFile()) return { path, descriptor, stats, read: 0 };
  closeSync(descriptor);
  throw new MusterError("source-failed", `${path} is not a regular file`, { retryable: false });
}

const breathe = breather(20);
const scratch = Buffer.allocUnsafeSlow(chunkSizes.shortest);

/** A file that is one chunk. Nothing is awaited between reading and storing, so all files share one buffer. */
function storeOneChunk(file: OpenFile, sink: Sink): Content {
  while (readOn(file, scratch, file.read) > 0);
  if (file.read === 0) return noContent;
  const ref = sink.chunks.store(scratch.subarray(0, file.read));
  sink.onRead(file.read);
  return { depth: 0, chunks: [ref] };
}

function fillFromDisk(file: OpenFile): Fill {
  return async (buffer, offset) => {
    await breathe();
    return readOn(file, buffer, offset);
  };
}

/** Reads on into the buffer; 0 at the end. What the file grows by meanwhile is for the next point. */
function readOn(file: OpenFile, buffer: Buffer, offset: number): number {
  const length = Math.min(readSize, buffer.length - offset, Number(file.stats.size) - file.read);
  if (length === 0) return 0;
  const count = orFileError(file.path, () => readSync(file.descriptor, buffer, offset, length, file.read));
  file.read += count;
  return count;
}

/** The state of a file by its name. Throws `not-found`, `source-failed`. */
export function statFile(path: string | Buffer): BigIntStats {
  return orFileError(path, () => lstatSync(path, { bigint: true }));
}

function orFileError<T>(path: string | Buffer, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw fileError(path, thrown);
  }
}

/** What reading a file failed with. */
export function fileError(path: string | Buffer, thrown: unknown): MusterError {
  const code = systemErrorCode(thrown);
  const options = { cause: thrown, details: { path: path.toString(), systemCode: code ?? "unknown" } };
  if (code === "ENOENT") return new MusterError("not-found", `${path} is not there`, options);
  return new MusterError("source-failed", `cannot read ${path}: ${code ?? String(thrown)}`, options);
}
