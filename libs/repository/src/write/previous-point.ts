import type { BigIntStats } from "node:fs";
import { asMusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { comparePaths } from "../encoding/path.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import { type Manifest, summaryOf } from "../manifest/manifest.ts";
import { listPointKeys, readManifest } from "../manifest/points.ts";
import { chunkReader } from "../read/chunk-reader.ts";
import { readContent } from "../read/read-content.ts";
import { dataRefs } from "../tree/chunk-list.ts";
import { decodeEntry, decodePath, type EncodedEntry, entryBlocks } from "../tree/entry-codec.ts";
import type { Content, Entry, PointSummary } from "../types.ts";

/** A file that was written less than this before the previous backup began may have changed unseen after. */
const settledNs = 1_000_000_000n;

/**
 * The previous point of a source, walked alongside the new one in `comparePaths` order; memory does not grow. Nearly every
 * question is answered from the leaf in memory, so what must be waited for is returned only when there is something.
 */
export interface PreviousPoint {
  /** Undefined when there is none. */
  readonly summary: PointSummary | undefined;
  /** Reads on until the path can be asked for. */
  seek(path: string): Promise<void> | undefined;
  /** The file's entry as it is stored, if the file is certain to be unchanged and its content is there. */
  unchanged(path: string, stats: BigIntStats): MaybeLater<EncodedEntry | undefined>;
  close(): Promise<void>;
}

export type MaybeLater<T> = T | Promise<T>;

export const noPreviousPoint: PreviousPoint = {
  summary: undefined,
  seek: () => undefined,
  unchanged: () => undefined,
  close: async () => undefined,
};

/** Opens the latest readable point of a source. Throws when the store fails. */
export async function previousPoint(domain: DomainContext, source: string, index: ChunkIndex): Promise<PreviousPoint> {
  const latest = await latestManifest(domain, source);
  if (latest === undefined) return noPreviousPoint;
  const chunks = chunkReader(domain, index);
  const walk = entryWalk(readContent(latest.tree, chunks));
  const settledBefore = BigInt(latest.startedAt) * 1_000_000n - settledNs;
  const storedWhole = async (content: Content): Promise<boolean> => {
    for await (const { id } of dataRefs(content, chunks.read)) if (!index.has(id)) return false;
    return true;
  };
  return {
    summary: summaryOf(domain.name, latest),
    seek: (path) => walk.seek(path),
    unchanged(path, stats) {
      const block = walk.block(path);
      if (block === undefined) return undefined;
      const entry = decodeEntry(block);
      if (!isSame(entry, stats, settledBefore)) return undefined;
      const { content } = entry;
      if (content.depth === 0) return content.chunks.every(({ id }) => index.has(id)) ? { path, block } : undefined;
      return unlessDamaged(async () => ((await storedWhole(content)) ? { path, block } : undefined));
    },
    close: () => walk.close(),
  };
}

async function latestManifest(domain: DomainContext, source: string): Promise<Manifest | undefined> {
  for (const point of (await listPointKeys(domain, source)).toReversed()) {
    const manifest = await unlessDamaged(() => readManifest(domain, point));
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

/** Goes through the entries of a tree, one leaf in memory at a time; ends early where a leaf is damaged. */
function entryWalk(leaves: AsyncGenerator<Buffer>) {
  let blocks: Iterator<Buffer> = [][Symbol.iterator]();
  let current: EncodedEntry | undefined;
  let ended = false;
  const advance = (): void => {
    const next = blocks.next();
    current = next.done ? undefined : { path: decodePath(next.value), block: next.value };
  };
  /** Whether the leaf in memory ends before the path. */
  const isBehind = (path: string): boolean => {
    while (current !== undefined && current.path !== path && comparePaths(current.path, path) < 0) advance();
    return current === undefined && !ended;
  };
  const readOn = async (path: string): Promise<void> => {
    while (isBehind(path)) {
      const leaf = await unlessDamaged(() => leaves.next());
      ended = leaf === undefined || leaf.done === true;
      if (leaf?.done === false) blocks = entryBlocks(leaf.value);
      advance();
    }
  };
  return {
    seek: (path: string): Promise<void> | undefined => (isBehind(path) ? readOn(path) : undefined),
    block: (path: string): Uint8Array | undefined => (current?.path === path ? current.block : undefined),
    close: async (): Promise<void> => void (await leaves.return(undefined)),
  };
}

/** A previous point that cannot be read must not stop the new one: what it knew is read from the disk again. */
async function unlessDamaged<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const { code } = asMusterError(thrown);
    if (code === "repository-corrupt" || code === "object-missing") return undefined;
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
