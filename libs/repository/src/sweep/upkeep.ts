import { type IndexedPack, readIndex, writeIndex } from "../index/index-object.ts";
import { leaseFolder, recordName } from "../lease/record.ts";
import { remove } from "./carry-out.ts";
import type { Inventory, SeenIndex } from "./inventory.ts";
import { parsePartKey, partName, type SweepPart, sweepFolder } from "./mark.ts";
import type { SeenMark } from "./marks.ts";
import type { DomainRun } from "./run.ts";

/** An index object of fewer bytes is merged with others, when there are so many. */
const smallIndex = 2 * 2 ** 20;
const manySmall = 16;
/**
 * For how long the marks of deleted packs stay, in milliseconds. A copy brings packs under the names that they have in its source, and
 * takes other names while a mark stands; so a deletion that arrives late does no harm, unless it is this late.
 */
const rememberPacks = 30 * 24 * 3_600_000;
/** Footers in a merged index object, in bytes. */
const mergedSize = 8 * 2 ** 20;

/** Removes leases that were over before the grace, each from its first record to its last: see `Lease.commit`. */
export async function cleanUpLeases(run: DomainRun): Promise<void> {
  const { domain, epoch, leases, options } = run;
  for (const { id, alive, records, lastSign } of leases) {
    if (alive || lastSign + options.grace > epoch.now) continue;
    for (const number of records) {
      const outcome = await remove(run, leaseFolder(domain) + recordName(id, number));
      if (outcome === "locked" || outcome === "failed") break;
    }
  }
}

/**
 * Removes marks that were carried out long before the grace, so that no list shows any longer what they deleted. The mark goes first:
 * a verdict counts only while its mark is there.
 */
export async function cleanUpMarks(run: DomainRun, marks: readonly SeenMark[]): Promise<void> {
  const parts: readonly SweepPart[] = ["mark", "verdict", "done"];
  for (const { id, mark, done } of marks) {
    const stays = mark.kind === "packs" ? Math.max(run.options.grace, rememberPacks) : run.options.grace;
    if (done === undefined || done + stays > run.epoch.now) continue;
    for (const part of parts) {
      const outcome = await remove(run, sweepFolder(run.domain) + partName(id, part));
      if (outcome === "locked" || outcome === "failed") break;
    }
  }
  await removeOrphans(run);
}

/** What a crash in the middle of the above leaves: parts whose mark is gone, and which count no more. */
async function removeOrphans(run: DomainRun): Promise<void> {
  const { domain, options } = run;
  const folder = sweepFolder(domain);
  for await (const { key, modified } of domain.store.list(folder, { signal: options.signal })) {
    const found = parsePartKey(domain, key);
    if (found === undefined || found.part === "mark" || modified + options.grace > run.epoch.now) continue;
    if ((await domain.store.head(folder + partName(found.id, "mark"))) === undefined) await remove(run, key);
  }
}

/**
 * Merges small indexes and those that name packs which are gone, and deletes what was merged before the grace, or names nothing
 * that is there. Indexes only save
 * time, so this needs no marks: a reader who finds none reads the footers of the packs.
 */
export async function keepIndexes(run: DomainRun, inventory: Inventory): Promise<void> {
  const { domain, epoch, options, report } = run;
  const superseded = new Map<string, number>();
  for (const { supersedes, modified } of inventory.indexes) {
    for (const id of supersedes) superseded.set(id, Math.min(modified, superseded.get(id) ?? modified));
  }
  for (const { id, modified, present } of inventory.indexes) {
    const since = present === 0 ? modified : superseded.get(id);
    if (since === undefined || since + options.grace > epoch.now) continue;
    if ((await remove(run, `${domain.prefix}index/${id}`)) === "deleted") report.indexes.deleted += 1;
  }
  const current = inventory.indexes.filter(({ id, present }) => present > 0 && !superseded.has(id));
  const small = current.filter(({ size }) => size < smallIndex);
  const stale = current.filter(({ packs, present }) => present < packs * 0.75);
  const merged = new Set<SeenIndex>([...stale, ...(small.length >= manySmall ? small : [])]);
  await mergeIndexes(run, inventory, [...merged]);
}

async function mergeIndexes(run: DomainRun, { packs }: Inventory, indexes: readonly SeenIndex[]): Promise<void> {
  const { domain, epoch, options, report } = run;
  let supersedes: string[] = [];
  let content = new Map<string, IndexedPack>();
  const write = async (): Promise<void> => {
    if (supersedes.length === 0) return;
    await epoch.requireCurrent();
    await writeIndex(domain, { supersedes, packs: [...content.values()] }, options.signal);
    report.indexes.written += 1;
    supersedes = [];
    content = new Map();
  };
  let bytes = 0;
  for (const { id } of indexes) {
    for (const pack of (await readIndex(domain, id)).packs) {
      const known = packs.find(pack.packId);
      if (known < 0 || packs.standing(known) === "condemned" || packs.size(known) !== pack.size) continue;
      content.set(pack.packId.toString("hex"), pack);
      bytes += pack.footer.length;
    }
    supersedes.push(id);
    if (bytes < mergedSize) continue;
    await write();
    bytes = 0;
  }
  await write();
}
