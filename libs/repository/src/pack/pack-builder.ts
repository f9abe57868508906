import { randomBytes } from "node:crypto";
import { chunkSizes } from "../chunk/cut.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { type BoxKey, boxOverhead, openBoxSync, type SealOwner, sealBox, sealBoxInto } from "../encrypt/box.ts";
import { headerLength, sealedHeader } from "../encrypt/sealed-object.ts";
import { packIdLength } from "../index/index-object.ts";
import { encodeFooter, type FooterChunk, type FooterSegment } from "./footer.ts";
import { footerPosition, packBoxKey, trailerMagic } from "./layout.ts";

/** A segment is closed when it has reached this many plain bytes, so it never has more than `segmentMost`. */
export const segmentTarget = 2 ** 20;
export const segmentMost = segmentTarget + chunkSizes.longest;
/** A pack is closed when it has reached this; it ends up at 16 to 18 MiB. */
const packTarget = 16 * 2 ** 20;
/** What a pack's buffer must hold: boxes up to the target, and the one that goes beyond it. */
export const packBufferSize = packTarget + segmentMost + boxOverhead;
/** One segment in so many is decoded and compared before its pack is stored. */
const sampleEvery = 16;

export interface SealOptions {
  /** zstd's. */
  readonly level: number;
  readonly readBack: "sample" | "all";
}

/** A pack that can be stored: `body` is in the builder's buffer, `tail` follows it. */
export interface BuiltPack {
  readonly packId: Buffer;
  readonly body: Buffer;
  readonly tail: Buffer;
  readonly footer: Buffer;
}

/** Seals segments into one pack. All work is done in the caller's thread. */
export interface PackBuilder {
  readonly full: boolean;
  /** The plain bytes may be changed afterwards. */
  add(plain: Buffer, chunks: readonly FooterChunk[]): void;
  finish(): BuiltPack;
}

/** `buffer` has `packBufferSize` bytes and belongs to the builder until the pack is stored. */
export function packBuilder(owner: SealOwner, buffer: Buffer, options: SealOptions): PackBuilder {
  const packId = randomBytes(packIdLength);
  const key = packBoxKey(owner, packId);
  const segments: FooterSegment[] = [];
  sealedHeader("pack", packId).copy(buffer);
  let offset = headerLength;
  return {
    get full() {
      return offset >= packTarget;
    },
    add(plain, chunks) {
      const position = segments.length;
      const length = sealBoxInto(buffer.subarray(offset), key, position, plain, options.level);
      const box = buffer.subarray(offset, offset + length);
      if (options.readBack === "all" || position % sampleEvery === 0) readBack(key, position, box, plain);
      segments.push({ offset, length, plainLength: plain.length, chunks });
      offset += length;
    },
    finish() {
      const footer = encodeFooter(segments);
      return { packId, body: buffer.subarray(0, offset), tail: tailOf(key, footer), footer };
    },
  };
}

/** The footer's box, its length, and the end mark. */
function tailOf(key: BoxKey, footer: Buffer): Buffer {
  const sealed = sealBox(key, footerPosition, footer, 1);
  readBack(key, footerPosition, sealed, footer);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(sealed.length);
  return Buffer.concat([sealed, trailer, trailerMagic]);
}

/** Finds a fault of codec or memory before anything counts on the box. */
function readBack(key: BoxKey, position: number, box: Buffer, plain: Buffer): void {
  if (openBoxSync(key, position, box).equals(plain)) return;
  throw malformed(key.what, `does not read back box ${position} as it was written`);
}
