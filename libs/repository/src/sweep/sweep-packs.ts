import { asMusterError } from "@muster/core";
import { carryOut } from "./carry-out.ts";
import type { ReferenceSet } from "./disk/reference-set.ts";
import { type Inventory, takeInventory } from "./inventory.ts";
import { livePoints } from "./live-points.ts";
import { putMarks, putVerdict, type SeenMark } from "./marks.ts";
import { findNeeds } from "./needs.ts";
import { provenIdle } from "./proof.ts";
import { findReferences } from "./references.ts";
import { repack, sparsePacks } from "./repack.ts";
import type { DomainRun } from "./run.ts";
import type { PackCount } from "./types.ts";

/**
 * Deletes what marks gave up and is still needed by nobody, and marks what is needed by nobody now. Returns what is stored, for
 * the upkeep of indexes; the caller closes it.
 */
export async function sweepPacks(run: DomainRun, marks: readonly SeenMark[]): Promise<Inventory> {
  const packMarks = marks.filter(({ mark }) => mark.kind === "packs");
  const inventory = await takeInventory(run.domain, {
    folder: run.folder,
    signal: run.options.signal,
    ...standingsOf(packMarks),
  });
  count(run, inventory);
  for (const seen of packMarks) await carryOutPacks(run, seen, inventory);

  const references = await tryReferences(run, inventory, new Set());
  if (references === undefined) return inventory;
  const ripe = packMarks.filter((seen) => isRipe(run, seen, inventory));
  for (const seen of ripe) await judge(run, seen, inventory, references);
  await markPacks(run, inventory, references);
  references.close();
  return inventory;
}

/** What the marks say of packs: of those with a verdict it is final. */
export function standingsOf(marks: readonly SeenMark[]): {
  readonly marked: ReadonlySet<string>;
  readonly condemned: ReadonlySet<string>;
} {
  const [marked, condemned] = [new Set<string>(), new Set<string>()];
  for (const { mark, verdict } of marks) {
    const kept = new Set(verdict?.kept);
    for (const pack of mark.items) {
      if (verdict === undefined) marked.add(pack);
      else if (!kept.has(pack)) condemned.add(pack);
    }
  }
  return { marked, condemned };
}

function count({ report }: DomainRun, { packs, unreadable }: Inventory): void {
  for (let pack = 0; pack < packs.count; pack++) addPack(report.stored, packs.size(pack));
  for (const key of unreadable) report.notes.push(`${key} is damaged: what it holds is kept`);
}

export function addPack(to: PackCount, bytes: number): void {
  to.packs += 1;
  to.bytes += bytes;
}

/**
 * Who needs what, noted in the table of packs; without the points in `except`. Undefined, with a note, when a point cannot be read:
 * then nothing may be deleted, since it is not known what that point needs.
 */
export async function tryReferences(
  { domain, folder, leases, options, report }: Pick<DomainRun, "domain" | "folder" | "leases" | "options" | "report">,
  inventory: Inventory,
  except: ReadonlySet<string>,
): Promise<ReferenceSet | undefined> {
  const { signal } = options;
  try {
    const points = livePoints(domain, leases, { except, signal });
    const references = await findReferences(domain, inventory, points, { folder, signal });
    const { chunks, missing } = await findNeeds(inventory, references, signal);
    report.chunks = chunks;
    for (let pack = 0; pack < inventory.packs.count; pack++) report.neededBytes += inventory.packs.needed(pack);
    if (missing > 0) report.notes.push(`${missing} chunks that points need are in no pack: run a verification`);
    return references;
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== "repository-corrupt") throw thrown;
    report.notes.push(`no data is deleted, because a point cannot be read: ${error.message}`);
    return undefined;
  }
}

async function carryOutPacks(run: DomainRun, seen: SeenMark, { packs }: Inventory): Promise<void> {
  await carryOut(run, seen, (item, outcome) => {
    const pack = packs.find(Buffer.from(item, "hex"));
    if (pack >= 0 && outcome === "deleted") addPack(run.report.deleted, packs.size(pack));
  });
}

/** Whether a verdict may be made: the grace is over, and no lease is left that may have looked at the packs before the mark. */
function isRipe({ epoch, leases, report }: DomainRun, seen: SeenMark, { packs }: Inventory): boolean {
  if (seen.verdict !== undefined) return false;
  const graceEnds = seen.modified + seen.mark.grace;
  const blockers = leases.filter(({ alive, avoids }) => alive && !avoids.includes(seen.id));
  if (graceEnds <= epoch.now && blockers.length === 0) return true;
  for (const item of seen.mark.items) {
    const pack = packs.find(Buffer.from(item, "hex"));
    if (pack >= 0) addPack(report.waiting, packs.size(pack));
  }
  if (graceEnds <= epoch.now) {
    const who = blockers.map(({ purpose, holder }) => `${purpose} ${holder}`).join(", ");
    report.notes.push(`${seen.mark.items.length} packs wait for what began before they were marked: ${who}`);
  }
  return false;
}

/** Makes the verdict and carries it out. What is needed now, by any point, is kept. */
async function judge(run: DomainRun, seen: SeenMark, inventory: Inventory, references: ReferenceSet): Promise<void> {
  const { domain, authority, epoch, report } = run;
  const { packs } = inventory;
  const there = seen.mark.items.map((item) => packs.find(Buffer.from(item, "hex"))).filter((pack) => pack >= 0);
  const idle = there.filter((pack) => packs.needed(pack) === 0 && packs.isRead(pack));
  const proven = await provenIdle(run, inventory, references, idle);
  const kept = there.filter((pack) => !proven.has(pack)).map((pack) => packs.id(pack).toString("hex"));
  for (const item of kept) addPack(report.kept, packs.size(packs.find(Buffer.from(item, "hex"))));
  await epoch.requireCurrent();
  const verdict = await putVerdict(domain, authority, { id: seen.id, verdict: { epoch: epoch.number, kept } });
  if (verdict !== undefined) await carryOutPacks(run, { ...seen, verdict }, inventory);
}

/** Marks packs that nobody needs. Those of a running backup are left out: they will be needed, or will be found next time. */
async function markPacks(run: DomainRun, inventory: Inventory, references: ReferenceSet): Promise<void> {
  const { domain, epoch, options, report } = run;
  const { packs } = inventory;
  const youngest = Math.min(oldestLease(run), epoch.now);
  const isIdle = (pack: number): boolean =>
    packs.standing(pack) === "whole" && packs.isRead(pack) && packs.modified(pack) < youngest;
  const items: string[] = [];
  const mark = (pack: number): void => {
    items.push(packs.id(pack).toString("hex"));
    addPack(report.marked, packs.size(pack));
  };
  for (let pack = 0; pack < packs.count; pack++) if (isIdle(pack) && packs.needed(pack) === 0) mark(pack);

  const sparse = sparsePacks(packs, options.repackBelow ?? 0.3, isIdle);
  if (sparse.size > 0) await repack(run, inventory, references, sparse);
  for (const pack of sparse) mark(pack);
  if (items.length === 0) return;
  await epoch.requireCurrent();
  await putMarks(domain, run.authority, { kind: "packs", epoch: epoch.number, grace: options.grace, items });
}

/** The store's time when the oldest lease began that is still alive. */
function oldestLease({ leases }: DomainRun): number {
  return Math.min(...leases.filter(({ alive }) => alive).map(({ began }) => began), Number.POSITIVE_INFINITY);
}
