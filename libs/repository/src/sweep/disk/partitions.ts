import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Records are kept apart by their first byte, which in an id is as good as random. */
export const partitionCount = 256;

/** Many records of one length in a file, that can be read by parts which each fit into memory. */
export interface Partitions {
  /** Records. */
  readonly size: number;
  add(record: Uint8Array): void;
  /** All records of one partition, one behind the other, in the order in which they came. */
  read(partition: number): Buffer;
  close(): void;
}

interface Block {
  readonly at: number;
  readonly length: number;
}

/**
 * Records of `width` bytes in a new file. Each partition fills a block of `blockSize` bytes in memory, which is then appended to
 * the file: memory is 256 blocks, and 16 bytes for each block on disk.
 */
export function partitions(folder: string, name: string, width: number, blockSize = 16_384): Partitions {
  const file = openSync(join(folder, name), "wx+", 0o600);
  const room = Math.max(1, Math.floor(blockSize / width)) * width;
  const open: { buffer: Buffer; filled: number; blocks: Block[] }[] = Array.from({ length: partitionCount }, () => ({
    buffer: Buffer.alloc(0),
    filled: 0,
    blocks: [],
  }));
  let end = 0;
  let size = 0;
  const flush = (partition: (typeof open)[number]): void => {
    writeFully(file, partition.buffer.subarray(0, partition.filled), end);
    partition.blocks.push({ at: end, length: partition.filled });
    end += partition.filled;
    partition.filled = 0;
  };
  const partitionOf = (number: number): (typeof open)[number] => {
    const found = open[number];
    if (found === undefined) throw new RangeError(`no partition ${number}`);
    return found;
  };
  return {
    get size() {
      return size;
    },
    add(record) {
      const partition = partitionOf(record[0] ?? 0);
      if (partition.buffer.length === 0) partition.buffer = Buffer.allocUnsafeSlow(room);
      partition.buffer.set(record, partition.filled);
      partition.filled += width;
      size += 1;
      if (partition.filled === room) flush(partition);
    },
    read(number) {
      const { buffer, filled, blocks } = partitionOf(number);
      const bytes = Buffer.allocUnsafeSlow(blocks.reduce((sum, { length }) => sum + length, filled));
      let at = 0;
      for (const block of blocks) at += readFully(file, bytes.subarray(at, at + block.length), block.at);
      buffer.copy(bytes, at, 0, filled);
      return bytes;
    },
    close: () => closeSync(file),
  };
}

function writeFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

function readFully(file: number, into: Buffer, position: number): number {
  for (let done = 0; done < into.length; ) {
    const count = readSync(file, into, done, into.length - done, position + done);
    if (count === 0) throw new RangeError("a file of the sweep is shorter than it was written");
    done += count;
  }
  return into.length;
}
