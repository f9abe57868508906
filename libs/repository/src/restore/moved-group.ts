import type { ChunkReader } from "../read/chunk-reader.ts";
import { restoreError } from "./errors.ts";
import { createFile, finishFile, writeAll } from "./new-file.ts";
import type { SegmentGroup } from "./segment-groups.ts";
import type { FilePiece, WholeFile } from "./thread-messages.ts";

/** Writes what was to come from a segment whose pack is gone, chunk by chunk from where its chunks are now. */
export async function writeMovedGroup(chunks: ChunkReader, { files, pieces }: SegmentGroup): Promise<void> {
  for (const file of files) await writeWhole(chunks, file);
  for (const piece of pieces) await writePiece(chunks, piece);
}

async function writeWhole(chunks: ChunkReader, { path, meta, chunks: spans }: WholeFile): Promise<void> {
  const parts: Buffer[] = []; // of one segment, so not many
  for (const { id } of spans) parts.push(await chunks.read(id));
  orRestoreError(path, () => {
    const descriptor = createFile(path);
    for (const part of parts) writeAll(descriptor, part);
    finishFile(descriptor, path, meta);
  });
}

async function writePiece(chunks: ChunkReader, { path, descriptor, position, chunk }: FilePiece): Promise<void> {
  const bytes = await chunks.read(chunk.id);
  orRestoreError(path, () => writeAll(descriptor, bytes, position));
}

function orRestoreError(path: Uint8Array, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    throw restoreError(thrown, Buffer.from(path).toString());
  }
}
