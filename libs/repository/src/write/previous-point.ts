import type { BigIntStats } from "node:fs";
import { asMusterError, semaphore } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { comparePaths } from "../encoding/path.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import { scanPoints } from "../manifest/points.ts";
import { chunkReader } from "../read/chunk-reader.ts";
import { entriesOf } from "../read/point-reader.ts";
import { dataRefs } from "../tree/chunk-list.ts";
import type { Content, Entry } from "../types.ts";

/** A file that was written less than this before the previous backup began may have changed unseen after. */
const settledNs = 1_000_000_000n;

/** The previous point of a source, walked alongside the new one in `comparePaths` order; memory does not grow. */
export interface PreviousPoint {
  /** The stored content of the file, and its state on disk, if it is certain to be unchanged. */
  unchanged(path: string, statsOf: () => BigIntStats): Promise<UnchangedFile | undefined>;
  close(): Promise<void>;
}

export interface UnchangedFile {
  readonly content: Content;
  readonly stats: BigIntStats;
}

export const noPreviousPoint: PreviousPoint = { unchanged: async () => undefined, close: async () => undefined };

/** Opens the latest readable point of a source. Throws when the store fails. */
export async function previousPoint(domain: DomainContext, source: string, index: ChunkIndex): Promise<PreviousPoint> {
  const { manifests } = await scanPoints(domain, source);
  const latest = manifests.at(-1);
  if (latest === undefined) return noPreviousPoint;
  const chunks = chunkReader(domain, index);
  const entries = entriesOf(latest.tree, chunks);
  const turn = semaphore(1);
  const settledBefore = BigInt(latest.startedAt) * 1_000_000n - settledNs;
  let current: IteratorResult<Entry, unknown> | undefined;
  const seek = async (path: string): Promise<Entry | undefined> => {
    current ??= await entries.next();
    while (!current.done && comparePaths(current.value.path, path) < 0) current = await entries.next();
    return current.done || current.value.path !== path ? undefined : current.value;
  };
  return {
    async unchanged(path, statsOf) {
      const entry = await turn.run(() => unlessDamaged(() => seek(path)));
      if (entry === undefined) return undefined;
      const stats = statsOf();
      if (!isSame(entry, stats, settledBefore)) return undefined;
      const { content } = entry;
      const stored = await unlessDamaged(() => isStored(content, index, chunks.read));
      return stored ? { content, stats } : undefined;
    },
    close: async () => void (await entries.return(undefined)),
  };
}

/** A previous point that cannot be read must not stop the new one: what it knew is read from the disk again. */
async function unlessDamaged<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (asMusterError(thrown).code === "repository-corrupt") return undefined;
    throw thrown;
  }
}

function isSame({ type, size, mtimeNs, stamp }: Entry, stats: BigIntStats, settledBefore: bigint): boolean {
  return (
    type === "file" &&
    stamp !== undefined &&
    BigInt(size) === stats.size &&
    mtimeNs === stats.mtimeNs &&
    stamp.ctimeNs === stats.ctimeNs &&
    stamp.inode === stats.ino &&
    stats.mtimeNs < settledBefore &&
    stats.ctimeNs < settledBefore
  );
}

async function isStored(
  content: Content,
  index: ChunkIndex,
  read: (id: Uint8Array) => Promise<Uint8Array>,
): Promise<boolean> {
  for await (const { id } of dataRefs(content, read)) if (!index.has(id)) return false;
  return true;
}
