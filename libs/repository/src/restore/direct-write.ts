import { write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { systemErrorCode } from "@muster/core";
import { alignedBuffer, directBlock, memoryFor } from "@muster/object-store";
import { copyInto } from "../encoding/copy.ts";
import { segmentMost } from "../pack/pack-builder.ts";
import { writeAll } from "./new-file.ts";

/** Writing fewer bytes past the page cache takes longer than through it. */
const worthIt = 64 * 1024;

/** Writes of a thread that may be on their way to the disk while it opens the next segment; each has memory of its own. */
const mostOnTheWay = 2;

const writeLater = promisify(write);
const free: Buffer[] = [];
let onTheWay = 0;

/** The two descriptors of a file that is written past the page cache. */
export interface DirectFile {
  readonly descriptor: number;
  readonly direct: number;
}

/**
 * Writes bytes to a position in a file, the whole blocks among them past the page cache. What is left at both ends goes through it; the
 * kernel keeps the two apart as long as they are different blocks. The bytes are taken at once; wait for what is returned, if anything.
 */
export function writePast(file: DirectFile, bytes: Uint8Array, position: number): Promise<void> | undefined {
  const { descriptor } = file;
  const before = (directBlock - (position % directBlock)) % directBlock;
  const length = bytes.length - before - ((position + bytes.length) % directBlock);
  if (length < worthIt) {
    writeAll(descriptor, bytes, position);
    return undefined;
  }
  const after = before + length;
  if (before > 0) writeAll(descriptor, bytes.subarray(0, before), position);
  if (after < bytes.length) writeAll(descriptor, bytes.subarray(after), position + after);
  const staging = free.pop() ?? alignedBuffer(memoryFor(segmentMost));
  copyInto(staging, 0, bytes.subarray(before, after));
  return writeStaged(file, staging.subarray(0, length), position + before);
}

/** Holds nothing but the staged bytes while it waits: what the collector finds alive, it carries on. */
function writeStaged(file: DirectFile, staged: Buffer, position: number): Promise<void> | undefined {
  if (onTheWay >= mostOnTheWay) {
    const written = orNone(() => writeSync(file.direct, staged, 0, staged.length, position));
    finish(file, staged, position, written);
    return undefined;
  }
  onTheWay += 1;
  return writeLater(file.direct, staged, 0, staged.length, position)
    .then(({ bytesWritten }) => bytesWritten, none)
    .then((written) => finish(file, staged, position, written))
    .finally(() => {
      onTheWay -= 1;
    });
}

/** Writes what did not go past the page cache, and gives the memory back. */
function finish({ descriptor }: DirectFile, staged: Buffer, position: number, written: number): void {
  writeAll(descriptor, staged.subarray(written), position + written);
  free.push(Buffer.from(staged.buffer));
}

function orNone(work: () => number): number {
  try {
    return work();
  } catch (thrown) {
    return none(thrown);
  }
}

/** Some disks ask for more than blocks of 4 KiB: then nothing is written so. */
function none(thrown: unknown): 0 {
  if (systemErrorCode(thrown) === "EINVAL") return 0;
  throw thrown;
}
