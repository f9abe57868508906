import { asMusterError, throwIfAborted } from "@muster/core";
import { manifestKey } from "../manifest/points.ts";
import { packKey } from "../pack/layout.ts";
import { putDone, type SeenMark } from "./marks.ts";
import type { DomainRun } from "./run.ts";

/** Deletions between two looks at the epoch. */
const perLook = 64;

/** What became of one item. */
export type Outcome = "deleted" | "was-gone" | "locked" | "failed";

/**
 * Deletes what a verdict condemned. Whoever does it, how often and how late makes no difference: a verdict is final, and names
 * of points and packs are never used again. One object that cannot be deleted is noted and left for a later sweep. `tell` hears
 * what is gone before that is noted as done, so that after a crash it is told again.
 */
export async function carryOut(
  run: DomainRun,
  { id, mark, verdict, done }: SeenMark,
  onItem: (item: string, outcome: Outcome) => void,
  tell: (gone: readonly string[]) => Promise<void> = async () => undefined,
): Promise<void> {
  if (verdict === undefined || done !== undefined) return;
  const kept = new Set(verdict.kept);
  const items = mark.items.filter((item) => !kept.has(item));
  const gone: string[] = [];
  for (const [n, item] of items.entries()) {
    if (n % perLook === 0) await run.epoch.requireCurrent();
    throwIfAborted(run.options.signal);
    const outcome = await remove(run, keyOf(run, mark.kind, item));
    if (outcome === "deleted" || outcome === "was-gone") gone.push(item);
    onItem(item, outcome);
  }
  if (gone.length > 0) await tell(gone);
  if (gone.length === items.length) await putDone(run.domain, run.authority, id);
}

function keyOf({ domain }: DomainRun, kind: "points" | "packs", item: string): string {
  return kind === "points" ? manifestKey(domain, item) : packKey(domain, Buffer.from(item, "hex"));
}

/** Deletes one object, with what stands in for it; only a locked one and one that the store fails on are left. */
export async function remove({ store, domain, report }: DomainRun, key: string): Promise<Outcome> {
  try {
    for (const standIn of await domain.places.standIns(key)) await store.delete(standIn);
    await store.delete(key);
    return "deleted";
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code === "object-missing") return "was-gone";
    if (error.code === "object-locked") {
      report.locked.push(key);
      return "locked";
    }
    report.notes.push(`${key} was not deleted: ${error.message}`);
    return "failed";
  }
}
