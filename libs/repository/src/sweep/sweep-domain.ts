import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import type { DomainContext } from "../context.ts";
import type { SweepAuthority } from "./authority.ts";
import type { Epoch } from "./epoch.ts";
import { seeLeases } from "./leases.ts";
import { seeMarks } from "./marks.ts";
import { previewDomain } from "./preview.ts";
import { sweepPacks } from "./sweep-packs.ts";
import { deletePoints, markPoints } from "./sweep-points.ts";
import { type DomainSweep, emptySweep, type SweepOptions } from "./types.ts";
import { cleanUpLeases, cleanUpMarks, keepIndexes } from "./upkeep.ts";

export interface SweptDomain {
  readonly domain: DomainContext;
  readonly authority: SweepAuthority;
}

/**
 * Sweeps one domain. What goes is decided in two steps, each by an object that can be made once: a mark says what is to go, and
 * when the grace is over a verdict says what of it does. docs/format.md has the argument why nothing that is needed goes,
 * whatever backups, other sweepers, crashes and clocks do meanwhile. A sweep that was killed at any moment is taken up by the next.
 */
export async function sweepDomain(
  { domain, authority }: SweptDomain,
  store: DeletableStore,
  epoch: Epoch | undefined,
  options: SweepOptions,
): Promise<DomainSweep> {
  const folder = await mkdtemp(join(options.scratch, "sweep-"));
  try {
    const report = emptySweep(domain.name);
    const now = epoch?.now ?? systemClock.now(); // of a preview, which deletes nothing
    const { marks, forged } = await seeMarks(domain, authority);
    for (const id of forged) report.notes.push(`the mark ${id} was not made by a sweep; it is taken for nothing`);
    // Before anything is looked at: a lease that begins later finds every mark that is judged here.
    const leases = await seeLeases(domain, now, epoch);
    if (epoch === undefined) return await previewDomain({ domain, options, folder, leases, report }, marks);
    const run = { domain, authority, store, epoch, options, folder, leases, report };

    await deletePoints(run, marks);
    await markPoints(run, marks);
    const inventory = await sweepPacks(run, marks);
    try {
      await keepIndexes(run, inventory);
    } finally {
      inventory.close();
    }
    await cleanUpMarks(run, marks);
    await cleanUpLeases(run);
    return report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
