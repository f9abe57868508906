import { breather, MusterError, systemErrorCode } from "@muster/core";
import type { PointWriter, StoredFromDisk } from "@muster/repository";
import type { Facts, SourceContext } from "../source.ts";
import { type FilesConfig, rootsOf } from "./config.ts";
import { createFilter } from "./filter.ts";
import { hardLinksEntry, rootEntry } from "./names.ts";
import { type Found, type Omitted, omittedFor, walk } from "./walk.ts";

/** What is found is handed to the repository so many at a time. */
const batchSize = 128;
/** How many paths of a kind a point's facts or an error list by name. */
const listedPaths = 20;

/** What happened on the way, for the facts and for the verdict. */
interface Tally {
  bytes: number;
  files: number;
  /** Files that were as in the previous point and were not read. */
  unchanged: number;
  /** Entry paths by device and inode, of files with more than one name. */
  readonly links: Map<string, string[]>;
  readonly changed: string[];
  readonly omitted: Record<Omitted["kind"], string[]>;
}

/**
 * Stores every root, in the order of `comparePaths`, so that unchanged files are not read again. The point's moment is the
 * start: what changed later may be in it, what was there before is.
 */
export async function backupFiles(
  config: FilesConfig,
  context: SourceContext,
  writer: PointWriter,
): Promise<{ takenAt: number; facts: Facts }> {
  const takenAt = context.clock.now();
  const tally = newTally();
  for (const [index, root] of rootsOf(config).entries()) await storeRoot(config, context, writer, index, root, tally);
  refuseUnreadable(config, tally);
  await storeHardLinks(writer, takenAt, tally);
  return { takenAt, facts: factsOf(config, tally) };
}

function newTally(): Tally {
  const omitted = { excluded: [], special: [], unreadable: [], vanished: [], "other-file-system": [] };
  return { bytes: 0, files: 0, unchanged: 0, links: new Map(), changed: [], omitted };
}

async function storeRoot(
  config: FilesConfig,
  context: SourceContext,
  writer: PointWriter,
  index: number,
  root: string,
  tally: Tally,
): Promise<void> {
  const options = { filter: await createFilter(config), oneFileSystem: config.oneFileSystem, signal: context.signal };
  const breathe = breather(20);
  try {
    for (const batch of batches(walk(root, options))) {
      await breathe();
      for (const { kind, path } of batch) if (kind !== "entry") tally.omitted[kind].push(path.toString());
      const found = batch.filter((one) => one.kind === "entry");
      await storeBatch(config, writer, index, found, tally);
      context.progress(tally.bytes, 0, "bytes", `${tally.files} files`);
    }
  } catch (cause) {
    throw rootFailure(root, cause);
  }
}

function* batches(found: Iterable<Found | Omitted>): Generator<(Found | Omitted)[]> {
  let batch: (Found | Omitted)[] = [];
  for (const one of found) {
    batch.push(one);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function rootFailure(root: string, cause: unknown): unknown {
  const code = systemErrorCode(cause);
  if (cause instanceof MusterError || code === undefined) return cause;
  if (code === "ENOENT") return new MusterError("source-unavailable", `${root} does not exist`, { cause });
  return new MusterError("source-failed", `${root} cannot be read: ${String(cause)}`, { cause });
}

async function storeBatch(
  { rereads }: FilesConfig,
  writer: PointWriter,
  index: number,
  found: readonly Found[],
  tally: Tally,
): Promise<void> {
  const entryPath = (relative: string): string =>
    relative === "" ? rootEntry(index) : `${rootEntry(index)}/${relative}`;
  const entries = found.map(({ relative, path, stats }) => ({ path: entryPath(relative), absolutePath: path, stats }));
  const outcomes = await writer.addFromDisk(entries, { rereads });
  for (const [n, outcome] of outcomes.entries()) {
    const one = found[n];
    if (one !== undefined) count(tally, one, entryPath(one.relative), outcome);
  }
}

function count(tally: Tally, { path, stats }: Found, entry: string, outcome: StoredFromDisk): void {
  const { bytes, unchanged, changed, failure } = outcome;
  if (failure !== undefined) {
    const reason = omittedFor(failure.cause);
    if (reason === undefined) throw failure;
    tally.omitted[reason].push(path.toString());
  } else if (stats.isFile()) {
    tally.bytes += bytes;
    tally.files += 1;
    if (unchanged) tally.unchanged += 1;
    if (changed) tally.changed.push(path.toString());
    if (stats.nlink > 1n) noteLink(tally, `${stats.dev}:${stats.ino}`, entry);
  }
}

function noteLink({ links }: Tally, inode: string, entry: string): void {
  const names = links.get(inode);
  if (names === undefined) links.set(inode, [entry]);
  else names.push(entry);
}

function refuseUnreadable({ unreadable }: FilesConfig, { omitted }: Tally): void {
  const paths = omitted.unreadable;
  if (unreadable === "skip" || paths.length === 0) return;
  const more = paths.length > listedPaths ? ` and ${paths.length - listedPaths} more` : "";
  throw new MusterError("source-failed", `may not be read: ${paths.slice(0, listedPaths).join(", ")}${more}`, {
    retryable: false,
    hint: "Let the agent read them, exclude them, or set unreadable: skip.",
  });
}

async function storeHardLinks(writer: PointWriter, takenAt: number, { links }: Tally): Promise<void> {
  const groups = [...links.values()].filter((names) => names.length > 1);
  if (groups.length === 0) return;
  const meta = { mode: 0o600, uid: 0, gid: 0, mtimeNs: BigInt(takenAt) * 1_000_000n };
  await writer.addFile(hardLinksEntry, meta, lines(groups));
}

async function* lines(groups: readonly string[][]): AsyncGenerator<Uint8Array> {
  for (const names of groups) yield Buffer.from(`${JSON.stringify(names)}\n`);
}

function factsOf(config: FilesConfig, { bytes, files, unchanged, changed, omitted }: Tally): Facts {
  const listed = (paths: string[]) => ({ count: paths.length, paths: paths.slice(0, listedPaths) });
  return {
    roots: rootsOf(config),
    files,
    bytes,
    unchangedFiles: unchanged,
    changedDuringBackup: listed(changed),
    unreadable: listed(omitted.unreadable),
    vanished: listed(omitted.vanished),
    special: listed(omitted.special),
    otherFileSystems: listed(omitted["other-file-system"]),
    excluded: omitted.excluded.length,
  };
}
