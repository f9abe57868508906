import { throwIfAborted } from "@muster/core";
import { dataRefs } from "../tree/chunk-list.ts";
import type { Content } from "../types.ts";
import type { ChunkReader } from "./chunk-reader.ts";

/** Bytes and chunks that are fetched ahead of what the consumer has taken. */
const aheadBytes = 4 * 2 ** 20;
const aheadChunks = 64;

/** The bytes of some content, chunk by chunk, a few fetched ahead. */
export async function* readContent(
  content: Content,
  chunks: ChunkReader,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const refs = dataRefs(content, chunks.read);
  const ahead: { chunk: Promise<Buffer>; length: number }[] = [];
  let bytes = 0;
  let ended = false;
  try {
    for (;;) {
      throwIfAborted(signal);
      while (!ended && ahead.length < aheadChunks && (bytes < aheadBytes || ahead.length === 0)) {
        const next = await refs.next();
        ended = next.done === true;
        if (next.done) break;
        const chunk = chunks.read(next.value.id);
        chunk.catch(() => undefined); // thrown when its turn comes
        ahead.push({ chunk, length: next.value.length });
        bytes += next.value.length;
      }
      const first = ahead.shift();
      if (first === undefined) return;
      bytes -= first.length;
      yield await first.chunk;
    }
  } finally {
    await Promise.allSettled(ahead.map(({ chunk }) => chunk));
  }
}
