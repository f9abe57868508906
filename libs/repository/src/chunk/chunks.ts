import { type CutWindow, chunkSizes } from "./cut.ts";

/** Fills a buffer from `offset` on and returns how many bytes it wrote; 0 means the end. */
export type Fill = (buffer: Buffer, offset: number) => Promise<number>;

/** Windows to be used again: fresh ones cost more than what is done in them. */
export interface WindowPool {
  take(): CutWindow;
  give(window: CutWindow): void;
}

export function windowPool(make: () => CutWindow, kept: number): WindowPool {
  const free: CutWindow[] = [];
  return {
    take: () => free.pop() ?? make(),
    give(window) {
      if (free.length < kept) free.push(window);
    },
  };
}

/**
 * Cuts a source into chunks, one after the other. Each view is valid until the next is asked for. Holds one window,
 * whatever the length of the source.
 */
export async function* chunksOf(fill: Fill, windows: WindowPool): AsyncGenerator<Buffer> {
  const window = windows.take();
  const { buffer } = window;
  try {
    let start = 0;
    let end = 0;
    let ended = false;
    for (;;) {
      while (!ended && end - start < chunkSizes.longest) {
        if (end === buffer.length) {
          buffer.copyWithin(0, start, end);
          end -= start;
          start = 0;
        }
        const count = await fill(buffer, end);
        ended = count === 0;
        end += count;
      }
      if (start === end) return;
      const length = window.cut(start, end);
      yield buffer.subarray(start, start + length);
      start += length;
    }
  } finally {
    windows.give(window);
  }
}

/** Reads a stream of buffers of any size as a source. Call `stop` when it is not read to its end. */
export function fillFrom(content: AsyncIterable<Uint8Array>): { fill: Fill; stop(): Promise<void> } {
  const iterator = content[Symbol.asyncIterator]();
  let rest: Uint8Array = Buffer.alloc(0);
  return {
    async fill(buffer, offset) {
      while (rest.length === 0) {
        const next = await iterator.next();
        if (next.done) return 0;
        rest = next.value;
      }
      const count = Math.min(rest.length, buffer.length - offset);
      buffer.set(rest.subarray(0, count), offset);
      rest = rest.subarray(count);
      return count;
    },
    async stop() {
      await iterator.return?.();
    },
  };
}
