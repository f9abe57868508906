import type { BigIntStats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { PointWriter } from "@muster/repository";

/** Up to this many bytes a file is read at once, and again when it changed meanwhile. */
const smallFile = 1 << 20;

export interface StoredFile {
  readonly bytes: number;
  /** The file changed while it was read: its content may be a mixture of two moments. */
  readonly changed: boolean;
}

/** Stores a regular file through one open handle, so that a rename or removal meanwhile does no harm. */
export async function storeFile(
  writer: PointWriter,
  entry: string,
  path: Buffer,
  rereads: number,
): Promise<StoredFile> {
  await using file = await open(path, "r");
  const stats = await file.stat({ bigint: true });
  // Awaited here: the file must stay open until it is read.
  if (stats.size <= smallFile) return await storeSmall(writer, entry, file, rereads);
  return await storeLarge(writer, entry, file, stats);
}

async function storeSmall(writer: PointWriter, entry: string, file: FileHandle, rereads: number): Promise<StoredFile> {
  for (let attempt = 0; ; attempt++) {
    const before = await file.stat({ bigint: true });
    const content = await readWhole(file);
    const changed = isChanged(before, await file.stat({ bigint: true }));
    if (changed && attempt < rereads) continue;
    await writer.addFile(entry, metaOf(before), oneChunk(content));
    return { bytes: content.length, changed };
  }
}

async function readWhole(file: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, position);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

async function storeLarge(
  writer: PointWriter,
  entry: string,
  file: FileHandle,
  before: BigIntStats,
): Promise<StoredFile> {
  let bytes = 0;
  const content = counted(
    file.createReadStream({ autoClose: false, start: 0, highWaterMark: 256 * 1024 }),
    (length) => {
      bytes += length;
    },
  );
  await writer.addFile(entry, metaOf(before), content);
  return { bytes, changed: isChanged(before, await file.stat({ bigint: true })) };
}

function isChanged(before: BigIntStats, after: BigIntStats): boolean {
  return before.size !== after.size || before.mtimeNs !== after.mtimeNs;
}

/** Mode, owner and time of a file, as an entry keeps them. */
export function metaOf({ mode, uid, gid, mtimeNs }: BigIntStats) {
  return { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs };
}

async function* oneChunk(content: Buffer): AsyncGenerator<Uint8Array> {
  if (content.length > 0) yield content;
}

async function* counted(chunks: AsyncIterable<Uint8Array>, count: (n: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
