import { writeSync } from "node:fs";
import { systemErrorCode } from "@muster/core";
import { alignedBuffer, directBlock, memoryFor } from "@muster/object-store";
import { copyInto } from "../encoding/copy.ts";
import { segmentMost } from "../pack/pack-builder.ts";
import { writeAll } from "./new-file.ts";

/** Writing fewer bytes past the page cache takes longer than through it. */
const worthIt = 64 * 1024;

/** A thread's memory for what it writes, made when it is needed. */
let staging: Buffer | undefined;

/** The two descriptors of a file that is written past the page cache. */
export interface DirectFile {
  readonly descriptor: number;
  readonly direct: number;
}

/**
 * Writes bytes to a position in a file, the whole blocks among them past the page cache. What is left at both ends goes through it; the
 * kernel keeps the two apart as long as they are different blocks.
 */
export function writePast({ descriptor, direct }: DirectFile, bytes: Uint8Array, position: number): void {
  const before = (directBlock - (position % directBlock)) % directBlock;
  const length = bytes.length - before - ((position + bytes.length) % directBlock);
  if (length < worthIt) {
    writeAll(descriptor, bytes, position);
    return;
  }
  const after = before + length;
  if (before > 0) writeAll(descriptor, bytes.subarray(0, before), position);
  writeBlocks({ descriptor, direct }, bytes.subarray(before, after), position + before);
  if (after < bytes.length) writeAll(descriptor, bytes.subarray(after), position + after);
}

function writeBlocks({ descriptor, direct }: DirectFile, bytes: Uint8Array, position: number): void {
  staging ??= alignedBuffer(memoryFor(segmentMost));
  copyInto(staging, 0, bytes);
  let written = 0;
  try {
    while (written < bytes.length && written % directBlock === 0)
      written += writeSync(direct, staging, written, bytes.length - written, position + written);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== "EINVAL") throw thrown; // a disk that asks for more than blocks of 4 KiB
  }
  writeAll(descriptor, bytes.subarray(written), position + written);
}
