import { availableParallelism } from "node:os";
import type { DomainContext } from "../context.ts";
import type { IndexedPack } from "../index/index-object.ts";
import { packKey } from "./layout.ts";
import {
  type BuiltPack,
  type PackBuilder,
  packBufferSize,
  packBuilder,
  type SealOptions,
  segmentTarget,
} from "./pack-builder.ts";
import { type PackThreads, packThreads, type Segment, segmentBuffer } from "./pack-threads.ts";

/** Threads that a writer starts at most: each costs about 60 MB. */
const mostThreads = 2;
/** Segment buffers kept for use again: all that can be under way, and those being filled. */
const keptBuffers = 2 * mostThreads + 2;

export interface PackWriterOptions extends SealOptions {
  readonly signal: AbortSignal | undefined;
  /** Called when a pack is durable. */
  readonly onStored: (pack: IndexedPack) => Promise<void>;
}

/** Makes packs of segments and stores them. */
export interface PackWriter {
  /** A buffer for the next segment, of `segmentMost` bytes. */
  takeBuffer(): Buffer;
  /** Takes over the segment with its buffer. Resolves when there is room for the next one. */
  addSegment(segment: Segment): Promise<void>;
  /** Resolves when all packs are durable. */
  finish(): Promise<void>;
  /** Gives up what is not durable; resolves when nothing is under way any more, whatever became of it. */
  settle(): Promise<void>;
}

/**
 * Full segments go to threads, which are started for the first one. A small backup has none: what it has is sealed here, into
 * one pack.
 */
export function packWriter(domain: DomainContext, options: PackWriterOptions): PackWriter {
  const { level, readBack } = options;
  const { repositoryId, name, sealKey } = domain;
  const owner = { repositoryId, name, sealKey };
  const free: Buffer[] = [];
  let threads: PackThreads | undefined;
  let small: PackBuilder | undefined;
  const giveBuffer = (buffer: Buffer): void => {
    if (free.length < keptBuffers) free.push(buffer);
  };
  const store = (pack: BuiltPack): Promise<void> => storePack(domain, pack, options);
  const startThreads = (): PackThreads =>
    packThreads(owner, { level, readBack }, Math.min(mostThreads, availableParallelism()), store);
  const closeSmall = async (): Promise<void> => {
    const builder = small;
    small = undefined;
    if (builder !== undefined) await store(builder.finish());
  };
  return {
    takeBuffer: () => free.pop() ?? segmentBuffer(),
    async addSegment(segment) {
      if (threads === undefined && segment.length < segmentTarget) {
        small ??= packBuilder(owner, Buffer.allocUnsafeSlow(packBufferSize), { level, readBack });
        small.add(segment.buffer.subarray(0, segment.length), segment.chunks);
        if (small.full) await closeSmall();
        return giveBuffer(segment.buffer);
      }
      threads ??= startThreads();
      await threads.seal(segment, giveBuffer);
    },
    async finish() {
      await closeSmall();
      await threads?.finish();
    },
    async settle() {
      await threads?.stop();
    },
  };
}

async function storePack(domain: DomainContext, pack: BuiltPack, options: PackWriterOptions): Promise<void> {
  const { packId, body, tail, footer } = pack;
  await domain.store.put(packKey(domain, packId), [body, tail], { signal: options.signal });
  await options.onStored({ packId, size: body.length + tail.length, footer });
}
