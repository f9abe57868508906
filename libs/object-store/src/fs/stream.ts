import type { FileHandle } from "node:fs/promises";
import { alignedBuffer } from "../memory.ts";
import { writePart } from "./durable.ts";

/** Bytes that are written with one call; what comes in meanwhile goes into a second buffer of the size. */
const blockSize = 2 ** 20;

/** Writes a stream of about `size` bytes in large blocks, each while the next one comes in, then makes it durable. */
export async function writeStream(
  handle: FileHandle,
  path: string,
  body: AsyncIterable<Uint8Array>,
  size: number,
): Promise<void> {
  const room = Math.min(blockSize, Math.max(size, 1));
  let block = alignedBuffer(room);
  let other = size > room ? alignedBuffer(room) : block;
  let filled = 0;
  let position = 0;
  let writing = Promise.resolve();
  for await (const piece of body) {
    for (let taken = 0; taken < piece.byteLength; ) {
      const fits = piece.subarray(taken, taken + room - filled);
      block.set(fits, filled);
      filled += fits.byteLength;
      taken += fits.byteLength;
      if (filled < room) continue;
      await writing;
      writing = writePart(handle, path, block, position);
      writing.catch(() => undefined); // awaited below, or lost to the error that ended the stream
      position += room;
      [block, other] = [other, block];
      filled = 0;
      if (block === other) await writing;
    }
  }
  await writing;
  await writePart(handle, path, block.subarray(0, filled), position);
  await handle.sync();
}
