import { alignedBuffer, memoryFor } from "@muster/object-store";
import { boxOverhead } from "../encrypt/box.ts";
import { segmentMost } from "../pack/pack-builder.ts";

/** What any box needs that Muster has written. */
const boxRoom = memoryFor(segmentMost + boxOverhead);

/** Memory for boxes that is used again and again: fresh memory costs more than what is read into it. */
export interface Lender {
  /** Lends memory until the work has ended, whatever became of it. */
  with<T>(work: (memory: Buffer) => Promise<T>): Promise<T>;
}

/** It has as much memory as there is work at once. */
export function lender(): Lender {
  const free: Buffer[] = [];
  return {
    async with(work) {
      const memory = free.pop() ?? alignedBuffer(boxRoom);
      try {
        return await work(memory);
      } finally {
        free.push(memory);
      }
    },
  };
}
