import { idLength } from "../chunk/chunk-id.ts";
import { byteReader } from "../encoding/byte-reader.ts";
import { byteWriter } from "../encoding/byte-writer.ts";
import type { ChunkSpan, WholeFile } from "./thread-messages.ts";

/*
 * Files on their way to a thread, as bytes: to clone an object for each of many small files takes longer than to open and check what is
 * in them.
 */
const writer = byteWriter(64 * 1024); // for one list at a time

export function encodeWholeFiles(files: readonly WholeFile[]): Uint8Array<ArrayBuffer> {
  writer.reset();
  for (const { path, meta, chunks } of files) {
    writer.block(path);
    writer.u32(meta.mode);
    writer.u8(meta.owner === undefined ? 0 : 1);
    writer.varint(meta.owner?.uid ?? 0);
    writer.varint(meta.owner?.gid ?? 0);
    writer.f64(meta.mtime);
    writer.varint(chunks.length);
    for (const { id, offset, length } of chunks) {
      writer.bytes(id);
      writer.varint(offset);
      writer.varint(length);
    }
  }
  return Uint8Array.from(writer.view());
}

export function* decodeWholeFiles(bytes: Uint8Array): Generator<WholeFile> {
  const reader = byteReader(bytes, "a list of files");
  while (reader.left > 0) {
    const path = reader.block();
    const mode = reader.u32();
    const isOwned = reader.u8() === 1;
    const [uid, gid] = [reader.varint(), reader.varint()];
    const mtime = reader.f64();
    const chunks: ChunkSpan[] = [];
    for (let left = reader.varint(); left > 0; left--) {
      chunks.push({ id: reader.bytes(idLength), offset: reader.varint(), length: reader.varint() });
    }
    yield { path, meta: { mode, owner: isOwned ? { uid, gid } : undefined, mtime }, chunks };
  }
}
