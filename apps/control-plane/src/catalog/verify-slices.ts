import { asMusterError } from "@muster/core";
import { pointCopies, points, verifiedSlices } from "@muster/database";
import { and, eq, isNull, lt, or } from "drizzle-orm";
import type { ControlPlane, Tx } from "../context.ts";
import { healFound } from "./heal.ts";
import { verifyRepository } from "./verify.ts";

const day = 86_400_000;

/**
 * Reads a part of each repository that has `verifyEvery`, one a day (two while it is behind), so that everything is read once in that
 * time; heals what it finds. A part that is interrupted is read again. A repository that fails does not stop the others.
 */
export async function verifyDueSlices(cp: ControlPlane): Promise<void> {
  for (const [repository, { verifyEveryMs }] of Object.entries(cp.config.repositories)) {
    if (verifyEveryMs === undefined) continue;
    try {
      const slices = slicesIn(verifyEveryMs);
      const slice = await dueSlice(cp.db, { repository, slices, every: verifyEveryMs, now: cp.clock.now() });
      if (slice !== undefined) await verifySlice(cp, { repository, slices, slice });
    } catch (thrown) {
      cp.log.error({ err: asMusterError(thrown), repository }, "a part of this repository could not be verified");
    }
  }
}

/** In how many parts a repository is read that is to be read once in that time (milliseconds): one a day. */
export const slicesIn = (every: number): number => Math.max(1, Math.ceil(every / day));

interface SliceQuestion {
  readonly repository: string;
  readonly slices: number;
  /** Milliseconds in which every slice is read once. */
  readonly every: number;
  readonly now: number;
}

/** The slice that was never read, or longest ago; undefined while none is due. */
export async function dueSlice(tx: Tx, { repository, slices, every, now }: SliceQuestion): Promise<number | undefined> {
  const read = new Map((await slicesOf(tx, repository, slices)).map((row) => [row.slice, row.finishedAt.getTime()]));
  const all = Array.from({ length: slices }, (_, slice) => ({ slice, at: read.get(slice) ?? 0 }));
  const due = all.filter(({ at }) => at + every <= now).sort((a, b) => a.at - b.at || a.slice - b.slice);
  const pause = every / slices;
  const late = due.some(({ at }) => at > 0 && at + every + 2 * pause <= now);
  const latest = Math.max(0, ...read.values());
  const waits = latest + (late ? pause / 2 : pause) > now;
  return waits ? undefined : due[0]?.slice;
}

interface Slice {
  readonly repository: string;
  readonly slices: number;
  readonly slice: number;
}

/** Reads one slice; when with it every slice has been read, the points that were there all the time count as proven. */
export async function verifySlice(cp: ControlPlane, { repository, slices, slice }: Slice): Promise<void> {
  const sample = slices === 1 ? undefined : { slices, slice };
  const report = await verifyRepository(cp, { repository, level: "read", sample }, "system");
  const { left } =
    report.damage.length === 0 ? { left: [] } : await healFound(cp, { repository, damage: report.damage }, "system");
  const row = { repository, slices, slice, finishedAt: new Date(cp.clock.now()), damage: left.length };
  await cp.db.transaction(async (tx) => {
    const target = [verifiedSlices.repository, verifiedSlices.slices, verifiedSlices.slice];
    await tx.insert(verifiedSlices).values(row).onConflictDoUpdate({ target, set: row });
    await markProven(tx, repository, slices);
  });
}

async function markProven(tx: Tx, repository: string, slices: number): Promise<void> {
  const read = await slicesOf(tx, repository, slices);
  if (read.length < slices) return;
  const since = new Date(Math.min(...read.map(({ finishedAt }) => finishedAt.getTime())));
  const proven = { verifiedAt: since, verifyLevel: "read" };
  const ofRepository = and(eq(points.repository, repository), eq(points.damaged, false));
  await tx
    .update(points)
    .set(proven)
    .where(
      and(ofRepository, lt(points.finishedAt, since), or(isNull(points.verifiedAt), lt(points.verifiedAt, since))),
    );
  const ofCopy = and(eq(pointCopies.repository, repository), eq(pointCopies.damaged, false));
  await tx
    .update(pointCopies)
    .set(proven)
    .where(
      and(
        ofCopy,
        lt(pointCopies.copiedAt, since),
        or(isNull(pointCopies.verifiedAt), lt(pointCopies.verifiedAt, since)),
      ),
    );
}

export function slicesOf(tx: Tx, repository: string, slices: number) {
  const ofRepository = and(eq(verifiedSlices.repository, repository), eq(verifiedSlices.slices, slices));
  return tx.select().from(verifiedSlices).where(ofRepository);
}
