import type { BigIntStats } from "node:fs";
import { readlinkSync } from "node:fs";
import { asMusterError, MusterError, throwIfAborted } from "@muster/core";
import { pathFromBytes } from "../encoding/path.ts";
import { type EncodedEntry, noContent } from "../tree/entry-codec.ts";
import type { Content, Entry } from "../types.ts";
import type { MaybeLater, PreviousPoint } from "./previous-point.ts";
import { fileError, metaOf, type ReadFile, type Sink, statFile, storeSettled } from "./store-file.ts";
import type { DiskEntry, StoredFromDisk } from "./types.ts";

export interface DiskSource {
  readonly sink: Sink;
  readonly previous: PreviousPoint;
  readonly rereads: number;
  /** Told about every file that was not read. */
  readonly onUnchanged: (bytes: number) => void;
}

/** What became of something found: an entry, or why there is none. */
export interface FoundOutcome extends StoredFromDisk {
  readonly entry?: Entry | EncodedEntry;
}

/** Stores what was found on a disk, one after the other. Throws only what does not come from the disk. */
export async function storeFound(found: readonly DiskEntry[], source: DiskSource): Promise<FoundOutcome[]> {
  const outcomes: FoundOutcome[] = [];
  const { chunks, signal } = source.sink;
  for (const one of found) {
    throwIfAborted(signal);
    const outcome = orFailure(() => storeOne(one, source));
    // Nearly always there is nothing to wait for, and waiting for nothing would cost more than storing a small file.
    outcomes.push(outcome instanceof Promise ? await outcome : outcome);
    const room = chunks.room();
    if (room !== undefined) await room;
  }
  return outcomes;
}

function orFailure(work: () => MaybeLater<FoundOutcome>): MaybeLater<FoundOutcome> {
  try {
    const outcome = work();
    return outcome instanceof Promise ? outcome.catch(failed) : outcome;
  } catch (thrown) {
    return failed(thrown);
  }
}

function failed(thrown: unknown): FoundOutcome {
  const failure = asMusterError(thrown);
  if (failure.code !== "not-found" && failure.code !== "source-failed") throw thrown;
  return { bytes: 0, unchanged: false, changed: false, failure };
}

function storeOne(found: DiskEntry, source: DiskSource): MaybeLater<FoundOutcome> {
  const { path, absolutePath } = found;
  const stats = found.stats ?? statFile(absolutePath);
  if (stats.isFile()) return storeFile(path, absolutePath, stats, source);
  const common = { path, ...numericMeta(stats), size: 0, content: noContent };
  const plain = { bytes: 0, unchanged: false, changed: false };
  if (stats.isDirectory()) return { ...plain, entry: { type: "directory", ...common } };
  if (stats.isSymbolicLink())
    return { ...plain, entry: { type: "symlink", target: linkTarget(absolutePath), ...common } };
  throw new MusterError("source-failed", `${absolutePath} is no file, directory or link`, { retryable: false });
}

function storeFile(
  path: string,
  absolutePath: string | Buffer,
  stats: BigIntStats,
  source: DiskSource,
): MaybeLater<FoundOutcome> {
  const { sink, previous, rereads, onUnchanged } = source;
  const behind = previous.seek(path);
  if (behind !== undefined) return behind.then(() => storeFile(path, absolutePath, stats, source));
  const read = (): MaybeLater<FoundOutcome> => {
    const done = storeSettled(absolutePath, stats, sink, rereads);
    return done instanceof Promise ? done.then((file) => readOutcome(path, file)) : readOutcome(path, done);
  };
  const known = (entry: EncodedEntry): FoundOutcome => {
    const bytes = Number(stats.size);
    onUnchanged(bytes);
    return { entry, bytes, unchanged: true, changed: false };
  };
  const before = previous.unchanged(path, stats);
  if (before instanceof Promise) return before.then((entry) => (entry === undefined ? read() : known(entry)));
  return before === undefined ? read() : known(before);
}

function readOutcome(path: string, { stats, content, changed }: ReadFile): FoundOutcome {
  const stamp = changed ? {} : { stamp: { ctimeNs: stats.ctimeNs, inode: stats.ino } };
  const size = sizeOf(content);
  const entry = { type: "file" as const, path, ...numericMeta(stats), size, content, ...stamp };
  return { entry, bytes: size, unchanged: false, changed };
}

function numericMeta(stats: BigIntStats) {
  const { mode, uid, gid } = metaOf(stats);
  return { mode, uid, gid, mtimeNs: stats.mtimeNs };
}

function linkTarget(absolutePath: string | Buffer): string {
  try {
    return pathFromBytes(readlinkSync(absolutePath, { encoding: "buffer" }));
  } catch (thrown) {
    throw fileError(absolutePath, thrown);
  }
}

function sizeOf({ chunks }: Content): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
