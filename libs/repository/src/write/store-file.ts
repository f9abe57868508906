import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { MusterError, systemErrorCode, throwIfAborted } from "@muster/core";
import { type BufferPool, chunksOf, type Fill, fillFrom } from "../chunk/chunks.ts";
import type { Cutter } from "../chunk/cut.ts";
import { contentBuilder } from "../tree/chunk-list.ts";
import type { Content, EntryMeta } from "../types.ts";
import type { ChunkWriter } from "./chunk-writer.ts";

/** What storing content needs. */
export interface Sink {
  readonly chunks: ChunkWriter;
  readonly cut: Cutter;
  readonly pool: BufferPool;
  readonly signal: AbortSignal | undefined;
  /** Told about every chunk that was read. */
  readonly onRead: (bytes: number) => void;
}

/** Bytes that one read of a file asks for. */
const readSize = 2 ** 20;

async function storeFrom(fill: Fill, sink: Sink): Promise<Content> {
  const content = contentBuilder(async (list) => (await sink.chunks.store(list)).id);
  for await (const chunk of chunksOf(fill, sink.cut, sink.pool)) {
    throwIfAborted(sink.signal);
    await content.add(await sink.chunks.store(chunk));
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

/** Reads and stores a regular file, again up to `rereads` times while a small one changes. */
export async function storeSettled(path: string | Buffer, sink: Sink, rereads: number): Promise<ReadFile> {
  for (let left = rereads; ; left--) {
    const read = await storeDiskFile(path, sink);
    if (!read.changed || left === 0 || read.stats.size > smallFile) return read;
  }
}

/** Mode, owner and time of a file, as an entry keeps them. */
export function metaOf({ mode, uid, gid, mtimeNs }: BigIntStats): EntryMeta {
  return { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs };
}

/** Reads and stores a regular file; does not follow a link in its last component. */
async function storeDiskFile(path: string | Buffer, sink: Sink): Promise<ReadFile> {
  const { file, stats } = await openRegular(path);
  await using _ = file;
  let position = 0;
  const size = Number(stats.size);
  const fill: Fill = async (buffer, offset) => {
    const length = Math.min(readSize, buffer.length - offset, size - position); // what it grows by is for the next point
    if (length === 0) return 0;
    const { bytesRead } = await file.read(buffer, offset, length, position).catch((thrown: unknown) => {
      throw fileError(path, thrown);
    });
    position += bytesRead;
    return bytesRead;
  };
  const content = await storeFrom(fill, sink);
  const after = await file.stat({ bigint: true });
  const changed = stats.size !== after.size || stats.mtimeNs !== after.mtimeNs || BigInt(position) !== stats.size;
  return { content, stats, changed };
}

async function openRegular(path: string | Buffer): Promise<{ file: FileHandle; stats: BigIntStats }> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((thrown: unknown) => {
    throw fileError(path, thrown);
  });
  const stats = await file.stat({ bigint: true });
  if (stats.isFile()) return { file, stats };
  await file.close();
  throw new MusterError("source-failed", `${path} is not a regular file`, { retryable: false });
}

/** The state of a file by its name. Throws `not-found`, `source-failed`. */
export async function statFile(path: string | Buffer): Promise<BigIntStats> {
  return lstat(path, { bigint: true }).catch((thrown: unknown) => {
    throw fileError(path, thrown);
  });
}

function fileError(path: string | Buffer, thrown: unknown): MusterError {
  const code = systemErrorCode(thrown);
  const options = { cause: thrown, details: { path: path.toString(), systemCode: code ?? "unknown" } };
  if (code === "ENOENT") return new MusterError("not-found", `${path} is not there`, options);
  return new MusterError("source-failed", `cannot read ${path}: ${code ?? String(thrown)}`, options);
}
