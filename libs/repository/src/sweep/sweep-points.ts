import { listPointKeys, type PointKey } from "../manifest/points.ts";
import { carryOut, type Outcome } from "./carry-out.ts";
import { putMarks, putVerdict, type SeenMark } from "./marks.ts";
import type { DomainRun } from "./run.ts";

/** The id that a point's name ends with. */
function idOf(name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1);
  return last.slice(last.indexOf("-") + 1);
}

/** Deletes the points whose grace is over and that the rules still give up. Their data stays: a later mark deals with it. */
export async function deletePoints(run: DomainRun, marks: readonly SeenMark[]): Promise<void> {
  for (const seen of marks) {
    if (seen.mark.kind !== "points" || seen.done !== undefined) continue;
    const judged = seen.verdict === undefined ? await judge(run, seen) : seen;
    if (judged === undefined) continue;
    const note = (name: string, outcome: Outcome): void => {
      if (outcome === "deleted")
        run.report.points.push({ id: idOf(name), fate: "deleted", reason: "its grace is over" });
      if (outcome === "locked")
        run.report.points.push({ id: idOf(name), fate: "locked", reason: "the store keeps it" });
    };
    await carryOut(run, judged, note, (gone) => run.options.rules.deleted(run.domain.name, gone.map(idOf)));
  }
}

async function judge(
  { domain, authority, epoch, options, report }: DomainRun,
  seen: SeenMark,
): Promise<SeenMark | undefined> {
  const ripe = seen.modified + seen.mark.grace;
  const names = seen.mark.items;
  if (ripe > epoch.now) {
    const reason = `its grace ends ${new Date(ripe).toISOString()}`;
    for (const name of names) report.points.push({ id: idOf(name), fate: "waits", reason });
    return undefined;
  }
  await epoch.requireCurrent();
  const released = await options.rules.release(domain.name, names.map(idOf));
  const kept = names.filter((name) => !released.has(idOf(name)));
  for (const name of kept) report.points.push({ id: idOf(name), fate: "kept", reason: "it is held or wanted again" });
  const verdict = await putVerdict(domain, authority, { id: seen.id, verdict: { epoch: epoch.number, kept } });
  return verdict === undefined ? undefined : { ...seen, verdict };
}

/** Marks the points that the rules give up and that no mark names. */
export async function markPoints(run: DomainRun, marks: readonly SeenMark[]): Promise<void> {
  const { domain, epoch, options, report } = run;
  const found = await newlyExpired(run, marks);
  for (const { point, reason } of found) report.points.push({ id: point.id, fate: "marked", reason });
  if (found.length === 0) return;
  await epoch.requireCurrent();
  const items = found.map(({ point }) => point.name);
  await putMarks(domain, run.authority, { kind: "points", epoch: epoch.number, grace: options.grace, items });
}

/** The points that are there, that the rules give up, and that no mark without an end names. */
export async function newlyExpired(
  { domain, options }: Pick<DomainRun, "domain" | "options">,
  marks: readonly SeenMark[],
): Promise<{ readonly point: PointKey; readonly reason: string }[]> {
  const expired = await options.rules.expired(domain.name);
  if (expired.size === 0) return [];
  const pending = new Set(marks.flatMap(({ mark, done }) => (done === undefined ? mark.items : [])));
  return (await listPointKeys(domain, undefined, options.signal)).flatMap((point) => {
    const reason = expired.get(point.id);
    return reason === undefined || pending.has(point.name) ? [] : [{ point, reason }];
  });
}
