import { availableParallelism } from "node:os";
import { throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import { packKey } from "../pack/layout.ts";
import { type ChunkReader, missingPack, readBox } from "../read/chunk-reader.ts";
import { lender } from "./lender.ts";
import { writeMovedGroup } from "./moved-group.ts";
import { restoreThreads } from "./restore-threads.ts";
import type { SegmentGroup } from "./segment-groups.ts";
import { encodeWholeFiles } from "./whole-files.ts";

/** Threads at most: each costs about 50 MB. */
const mostThreads = 2;
/** Segments that are being read from the store or wait for a thread, for each thread: enough to hide the way to S3. */
const aheadPerThread = 6;

/** Where a restore reads. */
export interface RestoreSource {
  readonly domain: DomainContext;
  readonly index: ChunkIndex;
  readonly chunks: ChunkReader;
}

/** Reads segments and has them written by threads. */
export interface SegmentWriter {
  /** Resolves when there is room for another group. Throws what failed, whichever group it was. */
  write(group: SegmentGroup): Promise<void>;
  /** The same for work of others on the same files. */
  fail(error: unknown): void;
  /** Throws what failed. */
  check(): void;
  /** Resolves when everything is written; throws what failed. */
  finish(): Promise<void>;
  /** Gives up what is not written; resolves when nobody writes any more. */
  stop(): Promise<void>;
}

export function segmentWriter(
  { domain, index, chunks }: RestoreSource,
  signal: AbortSignal | undefined,
  onWritten: (group: SegmentGroup) => void,
): SegmentWriter {
  const { repositoryId, name, sealKey, idKey } = domain;
  const count = Math.min(mostThreads, availableParallelism());
  const threads = restoreThreads({ owner: { repositoryId, name, sealKey }, idKey }, count);
  const lending = lender();
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
  };
  const check = (): void => {
    throwIfAborted(signal);
    if (failure !== undefined) throw failure.error;
  };
  const writeGroup = async (group: SegmentGroup): Promise<void> => {
    const place = index.place(group.segment);
    const { packId, position, plainLength } = place;
    const files = encodeWholeFiles(group.files);
    // A damaged box is found before anything is written, so the group can be written from another copy.
    try {
      await readHealthy(domain, packKey(domain, packId), async () => {
        await lending.with(async (memory) => {
          const box = await readBox(domain, place, memory);
          await threads.write({ packId, position, plainLength, box, files, pieces: group.pieces });
        });
      });
    } catch (thrown) {
      if (missingPack(thrown) === undefined) throw thrown;
      await writeMovedGroup(chunks, group); // a sweep took the pack away meanwhile
    }
    onWritten(group);
  };
  return {
    async write(group) {
      const task: Promise<void> = writeGroup(group)
        .catch(fail)
        .finally(() => running.delete(task));
      running.add(task);
      while (running.size >= count * aheadPerThread) await Promise.race(running);
      check();
    },
    fail,
    check,
    async finish() {
      await Promise.all(running);
      check();
    },
    async stop() {
      await threads.stop();
      await Promise.all(running);
    },
  };
}
