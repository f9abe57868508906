import { idLength } from "../chunk/chunk-id.ts";
import { byteReader, malformed } from "../encoding/byte-reader.ts";
import { byteWriter } from "../encoding/byte-writer.ts";

/** A chunk's place within the plain bytes of its segment follows from the lengths before it. */
export interface FooterChunk {
  readonly id: Uint8Array;
  readonly length: number;
}

/** One sealed box of a pack. Offset and length are of the box in the pack, in bytes. */
export interface FooterSegment {
  readonly offset: number;
  readonly length: number;
  readonly plainLength: number;
  readonly chunks: readonly FooterChunk[];
}

export function encodeFooter(segments: readonly FooterSegment[]): Buffer {
  const writer = byteWriter(65_536);
  writer.u32(segments.length);
  for (const { offset, length, plainLength, chunks } of segments) {
    writer.u32(offset);
    writer.u32(length);
    writer.u32(plainLength);
    writer.u32(chunks.length);
    for (const chunk of chunks) {
      writer.bytes(chunk.id);
      writer.u32(chunk.length);
    }
  }
  return Buffer.from(writer.view());
}

/** Decodes a footer. Throws `repository-corrupt` when it contradicts itself. */
export function decodeFooter(bytes: Uint8Array, what: string): FooterSegment[] {
  const reader = byteReader(bytes, what);
  const segments: FooterSegment[] = [];
  for (let count = reader.u32(); count > 0; count--) {
    const [offset, length, plainLength] = [reader.u32(), reader.u32(), reader.u32()];
    const chunks: FooterChunk[] = [];
    let sum = 0;
    for (let left = reader.u32(); left > 0; left--) {
      const chunk = { id: reader.bytes(idLength), length: reader.u32() };
      sum += chunk.length;
      chunks.push(chunk);
    }
    if (sum !== plainLength) throw malformed(what, "has a segment whose chunks do not fill it");
    segments.push({ offset, length, plainLength, chunks });
  }
  if (reader.left > 0) throw malformed(what, "has bytes after its end");
  return segments;
}
