import { breather, MusterError, newId, semaphore, systemClock, throwIfAborted } from "@muster/core";
import { windowPool } from "../chunk/chunks.ts";
import { windowsFor } from "../chunk/cut.ts";
import type { DomainContext } from "../context.ts";
import { claimDomain } from "../domain-key.ts";
import { checkPath } from "../encoding/path.ts";
import { damagedPacks } from "../heal/damage-marks.ts";
import { loadStoredIndex } from "../index/load-index.ts";
import { holdLease, type Lease } from "../lease/hold.ts";
import { checkPointId, listPointKeys } from "../manifest/points.ts";
import { blockAdder } from "../pages/add-blocks.ts";
import { type EncodedEntry, noContent } from "../tree/entry-codec.ts";
import { treeWriter } from "../tree/tree-writer.ts";
import type { Content, Entry, EntryMeta, PointKind } from "../types.ts";
import { chunkWriter } from "./chunk-writer.ts";
import { commitPoint } from "./commit-point.ts";
import { entryOrder } from "./entry-order.ts";
import { type MaybeLater, noPreviousPoint, previousPoint } from "./previous-point.ts";
import { type Sink, storeStream } from "./store-file.ts";
import { type FoundOutcome, storeFound } from "./store-found.ts";
import type { BeginOptions, PointSpec, PointWriter } from "./types.ts";

/** zstd: for PostgreSQL 1 is faster and smaller than 3, for other data 3 is the better trade. */
const levels = { postgres: 1, redis: 2, files: 2, command: 2 } as const;

/** Kinds whose files may be taken from the point before without being read. */
const withPrevious: ReadonlySet<PointKind> = new Set(["files", "postgres"]);

/** Starts a recovery point; see `Domain.beginPoint`. */
export async function beginPoint(
  domain: DomainContext,
  spec: PointSpec,
  options: BeginOptions = {},
): Promise<PointWriter> {
  const id = spec.pointId ?? newId();
  await refuseTaken(domain, id);
  await claimDomain(domain, options.signal);
  const { signal, timer } = options;
  const lease = await holdLease(domain, { purpose: "backup", holder: `${spec.host} ${id}`, signal, timer });
  try {
    return await pointWriter(domain, { ...spec, id }, options, lease);
  } catch (thrown) {
    await lease.release();
    throw thrown;
  }
}

async function pointWriter(
  domain: DomainContext,
  spec: PointSpec & { readonly id: string },
  options: BeginOptions,
  lease: Lease,
): Promise<PointWriter> {
  const { id } = spec;
  const windows = windowsFor(spec.chunking ?? { mode: "content" }, domain.gear);
  const index = await loadStoredIndex(domain, [...lease.avoid, ...(await damagedPacks(domain))]);
  const previous = withPrevious.has(spec.kind) ? await previousPoint(domain, spec.source, index) : noPreviousPoint;

  const { readBack = "sample", clock = systemClock } = options;
  const { signal } = lease;
  const counts = { read: 0, unchanged: 0, logical: 0, entries: 0 };
  const chunks = chunkWriter(domain, index, { level: levels[spec.kind], readBack, signal });
  const tree = treeWriter((plain) => chunks.storeMeta(plain));
  const order = entryOrder((entry) => tree.add(entry));
  const report = (): void =>
    options.onProgress?.({
      bytesRead: counts.read,
      bytesUnchanged: counts.unchanged,
      bytesStored: chunks.storedBytes,
      entries: counts.entries,
    });
  const onRead = (bytes: number): void => {
    counts.read += bytes;
    report();
  };
  const onUnchanged = (bytes: number): void => {
    counts.unchanged += bytes;
  };
  const sink: Sink = { chunks, windows: windowPool(windows, 4), signal, onRead };
  const addBlocks = blockAdder({ sink, previous, onUnchanged });
  const progress = lifecycle();

  const disk = semaphore(1); // the previous point is walked by one at a time
  const breathe = breather(20);

  /** Keeps the entries' place in the order while their content is stored; counts them when that is done. */
  const add = async <T extends { readonly entries: readonly (Entry | EncodedEntry)[]; readonly bytes: number }>(
    work: () => Promise<T>,
  ): Promise<T> => {
    progress.requireOpen();
    lease.requireHeld();
    throwIfAborted(signal);
    const result = await order.add(work);
    counts.entries += result.entries.length;
    counts.logical += result.bytes;
    report();
    return result;
  };
  const addOne = async (path: string, work: () => MaybeLater<Entry>): Promise<Entry> => {
    checkPath(path);
    const { entry } = await add(async () => {
      const entry = await work();
      return { entry, entries: [entry], bytes: entry.size };
    });
    return entry;
  };
  const addAll = async <T extends FoundOutcome>(store: () => Promise<T[]>): Promise<T[]> => {
    const { outcomes } = await add(async () => {
      const outcomes = await disk.run(store);
      const entries = outcomes.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
      return { outcomes, entries, bytes: outcomes.reduce((sum, { bytes }) => sum + bytes, 0) };
    });
    return outcomes;
  };
  return {
    id,
    previous: previous.summary,
    async addDirectory(path, meta) {
      await addOne(path, () => ({ type: "directory", ...bare(path, meta) }));
    },
    async addSymlink(path, target, meta) {
      await addOne(path, () => ({ type: "symlink", target, ...bare(path, meta) }));
    },
    async addHardLink(path, target, meta) {
      checkPath(target);
      await addOne(path, () => ({ type: "hardlink", target, ...bare(path, meta) }));
    },
    async addFile(path, meta, content) {
      const { size } = await addOne(path, async () => fileEntry(path, meta, await storeStream(content, sink)));
      return { bytes: size, unchanged: false, changed: false };
    },
    async addFromDisk(found, { rereads = 0 } = {}) {
      for (const { path } of found) checkPath(path);
      const outcomes = await addAll(() => storeFound(found, { sink, previous, rereads, onUnchanged }));
      await breathe();
      return outcomes;
    },
    async addBlocks(files) {
      for (const { path } of files) checkPath(path);
      return addAll(() => addBlocks(files));
    },
    async commit(final) {
      progress.requireOpen();
      progress.close();
      lease.requireHeld();
      throwIfAborted(signal);
      try {
        const written = {
          chunks,
          tree,
          order,
          logicalBytes: counts.logical,
          entries: counts.entries,
          clock,
          lease,
          signal,
        };
        return await commitPoint(domain, spec, final, written);
      } finally {
        await previous.close();
        await chunks.settle();
        await lease.release();
      }
    },
    async abort() {
      progress.close();
      await previous.close();
      await chunks.settle();
      await lease.release();
    },
  };
}

async function refuseTaken(domain: DomainContext, id: string): Promise<void> {
  checkPointId(id);
  if ((await listPointKeys(domain)).every((point) => point.id !== id)) return;
  throw new MusterError("conflict", `domain ${domain.name} has a point ${id} already`);
}

function lifecycle() {
  let open = true;
  return {
    requireOpen(): void {
      if (!open) throw new MusterError("conflict", "the recovery point was committed or given up already");
    },
    close(): void {
      open = false;
    },
  };
}

function bare(path: string, { mode, uid, gid, owner, group, mtimeNs }: EntryMeta) {
  const names = { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  return { path, mode, uid, gid, ...names, mtimeNs: BigInt(mtimeNs), size: 0, content: noContent };
}

function fileEntry(path: string, meta: EntryMeta, content: Content) {
  const size = content.chunks.reduce((sum, { length }) => sum + length, 0);
  return { type: "file" as const, ...bare(path, meta), size, content };
}
