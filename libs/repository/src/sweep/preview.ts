import { takeInventory } from "./inventory.ts";
import type { SeenMark } from "./marks.ts";
import type { DomainRun } from "./run.ts";
import { addPack, standingsOf, tryReferences } from "./sweep-packs.ts";
import { newlyExpired } from "./sweep-points.ts";
import type { DomainSweep } from "./types.ts";

/**
 * What sweeps would delete if every grace were over: the points that are marked or expired, and the packs that no other point
 * needs. Writes nothing.
 */
export async function previewDomain(
  run: Omit<DomainRun, "store" | "epoch" | "authority">,
  marks: readonly SeenMark[],
): Promise<DomainSweep> {
  const { domain, options, folder, report } = run;
  const going = new Set<string>();
  for (const { point, reason } of await newlyExpired(run, marks)) {
    going.add(point.name);
    report.points.push({ id: point.id, fate: "marked", reason });
  }
  for (const { mark, done, verdict, modified } of marks) {
    if (mark.kind !== "points" || done !== undefined) continue;
    const reason = `marked; its grace ends ${new Date(modified + mark.grace).toISOString()}`;
    for (const name of mark.items) {
      if (verdict?.kept.includes(name)) continue;
      going.add(name);
      report.points.push({ id: name.slice(name.lastIndexOf("-") + 1), fate: "waits", reason });
    }
  }
  const standings = standingsOf(marks.filter(({ mark }) => mark.kind === "packs"));
  const inventory = await takeInventory(domain, { folder, signal: options.signal, ...standings });
  try {
    const references = await tryReferences(run, inventory, going);
    const { packs } = inventory;
    for (let pack = 0; pack < packs.count; pack++) {
      addPack(report.stored, packs.size(pack));
      if (packs.standing(pack) === "condemned") addPack(report.waiting, packs.size(pack));
      else if (references === undefined || packs.needed(pack) > 0 || !packs.isRead(pack)) continue;
      else addPack(packs.standing(pack) === "marked" ? report.waiting : report.marked, packs.size(pack));
    }
    references?.close();
    return report;
  } finally {
    inventory.close();
  }
}
