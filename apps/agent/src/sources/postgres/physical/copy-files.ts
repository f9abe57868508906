import { readlinkSync, type Stats } from "node:fs";
import type { BlockFile, EntryMeta, PageCheck, PointWriter } from "@muster/repository";
import type { SourceContext } from "../../source.ts";
import type { ControlFile } from "./control-file.ts";
import { controlPath } from "./control-file.ts";
import { holdsRelations } from "./exclusions.ts";
import type { Listed } from "./list-files.ts";
import { parseRelationFile } from "./relation-name.ts";

/** The directory of a point that holds the data directory. */
export const dataEntry = "data";

/** Files that one call stores. */
const batchSize = 64;

export interface CopyPlan {
  readonly context: SourceContext;
  readonly writer: PointWriter;
  readonly control: ControlFile;
  /** Where the backup started: pages from there on are not checked, since recovery writes them anew. */
  readonly startLsn: bigint;
  /** Whether files may be taken from the point before; see `reuse.ts`. */
  readonly reuse: (path: string) => boolean;
  /** Throws when the backup has ended on the server. */
  readonly requireAlive: () => void;
}

interface Counts {
  unchanged: number;
  vanished: number;
  /** Relation files with pages whose checksum is wrong. */
  readonly damaged: { readonly path: string; readonly pages: readonly number[] }[];
}

/** What a copy found out. */
export type CopyReport = Readonly<Counts>;

/** Stores everything of the listing but pg_control, which comes last. */
export async function copyFiles(listing: readonly Listed[], plan: CopyPlan): Promise<CopyReport> {
  const { writer, context, requireAlive } = plan;
  const all = listing.filter(({ path }) => path !== controlPath);
  const total = all.reduce((sum, listed) => sum + bytesOf(listed), 0);
  const report: Counts = { unchanged: 0, vanished: 0, damaged: [] };
  let done = 0;
  for (const batch of batches(all)) {
    requireAlive();
    const [first] = batch;
    if (first.type !== "file") await addOther(writer, first);
    else await copyBatch(batch, plan, report);
    done += batch.reduce((sum, listed) => sum + bytesOf(listed), 0);
    context.progress(done, total, "bytes", "copying");
  }
  return report;
}

/** Files together, anything else alone, in their order. */
function* batches(listing: readonly Listed[]): Generator<readonly [Listed, ...Listed[]]> {
  let batch: Listed[] = [];
  for (const listed of listing) {
    const [first, ...rest] = batch;
    if (first !== undefined && (listed.type !== "file" || first.type !== "file" || batch.length === batchSize)) {
      yield [first, ...rest];
      batch = [];
    }
    batch.push(listed);
  }
  const [first, ...rest] = batch;
  if (first !== undefined) yield [first, ...rest];
}

async function addOther(writer: PointWriter, { path, absolutePath, type, stats }: Listed): Promise<void> {
  const entry = `${dataEntry}/${path}`;
  if (type === "link") await writer.addSymlink(entry, readlinkSync(absolutePath), metaOf(stats));
  else await writer.addDirectory(entry, stats.isDirectory() ? metaOf(stats) : { ...metaOf(stats), mode: 0o700 });
}

async function copyBatch(batch: readonly Listed[], plan: CopyPlan, report: Counts): Promise<void> {
  const outcomes = await plan.writer.addBlocks(batch.map((listed) => blockFile(plan, listed)));
  for (const [n, { failure, unchanged, badPages }] of outcomes.entries()) {
    // Only a true ENOENT: what a transaction drops while it is copied is dropped again by recovery.
    if (failure?.code === "not-found") report.vanished += 1;
    else if (failure !== undefined) throw failure;
    if (unchanged) report.unchanged += 1;
    if (badPages.length > 0) report.damaged.push({ path: batch[n]?.path ?? "", pages: badPages });
  }
}

function bytesOf({ type, stats }: Listed): number {
  return type === "file" ? stats.size : 0;
}

function blockFile(plan: CopyPlan, { path, absolutePath, stats }: Listed): BlockFile {
  const entry = `${dataEntry}/${path}`;
  return { path: entry, absolutePath, length: stats.size, pages: pageCheck(plan, path), reuse: plan.reuse(path) };
}

/** How the pages of a file are checked; undefined for files that are not of pages, and where there are no checksums. */
export function pageCheck(
  { control, startLsn }: Pick<CopyPlan, "control" | "startLsn">,
  path: string,
): PageCheck | undefined {
  if (!control.checksums || control.pageSize !== 8192) return undefined;
  const slash = path.lastIndexOf("/");
  const relation = parseRelationFile(path.slice(slash + 1));
  if (relation === undefined || !holdsRelations(path.slice(0, slash))) return undefined;
  return { firstPage: relation.segment * control.segmentPages, since: startLsn };
}

export function metaOf({ mode, uid, gid, mtimeMs }: Stats): EntryMeta {
  return { mode: mode & 0o7777, uid, gid, mtimeNs: BigInt(Math.round(mtimeMs)) * 1_000_000n };
}

/** Adds a file whose bytes are known. */
export async function addBytes(writer: PointWriter, path: string, bytes: Uint8Array, meta: EntryMeta): Promise<void> {
  await writer.addFile(`${dataEntry}/${path}`, meta, single(bytes));
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
