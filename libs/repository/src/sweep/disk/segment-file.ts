import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Where a segment is: which box of which pack, and its bytes in the pack. */
export interface SegmentAt {
  readonly pack: number;
  readonly position: number;
  readonly offset: number;
  readonly length: number;
}

/** Segments by number, in a file. */
export interface SegmentFile {
  readonly count: number;
  add(segment: SegmentAt): number;
  get(segment: number): SegmentAt;
  close(): void;
}

const width = 16;
const perBlock = 4096;

export function segmentFile(folder: string): SegmentFile {
  const file = openSync(join(folder, "segments"), "wx+", 0o600);
  const block = Buffer.alloc(perBlock * width);
  let count = 0;
  const written = (): number => count - (count % perBlock);
  const readInto = (into: Buffer, from: number): void => {
    for (let done = 0; done < into.length; ) {
      const got = readSync(file, into, done, into.length - done, from * width + done);
      if (got === 0) throw new RangeError("the file of segments is shorter than it was written");
      done += got;
    }
  };
  return {
    get count() {
      return count;
    },
    add({ pack, position, offset, length }) {
      const at = (count % perBlock) * width;
      for (const [field, value] of [pack, position, offset, length].entries()) {
        block.writeUInt32LE(value, at + field * 4);
      }
      count += 1;
      if (count % perBlock === 0) {
        const from = (count - perBlock) * width;
        for (let done = 0; done < block.length; )
          done += writeSync(file, block, done, block.length - done, from + done);
      }
      return count - 1;
    },
    get(segment) {
      if (segment < 0 || segment >= count) throw new RangeError(`no segment ${segment}`);
      const bytes = Buffer.alloc(width);
      if (segment < written()) readInto(bytes, segment);
      else block.copy(bytes, 0, (segment % perBlock) * width);
      const [pack, position, offset, length] = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));
      return { pack: pack ?? 0, position: position ?? 0, offset: offset ?? 0, length: length ?? 0 };
    },
    close: () => closeSync(file),
  };
}
