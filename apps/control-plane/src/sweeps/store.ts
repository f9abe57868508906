import { pointCopies, pointHolds, points, sweeps } from "@muster/database";
import { and, desc, eq, exists, inArray, isNotNull, isNull, lt, not, or, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

export type SweepRow = typeof sweeps.$inferSelect;
export type HoldRow = typeof pointHolds.$inferSelect;

/** Inserts a run; undefined when one of the same repository is at work (the unique index decides). */
export async function insertSweep(tx: Tx, row: typeof sweeps.$inferInsert): Promise<SweepRow | undefined> {
  return (await tx.insert(sweeps).values(row).onConflictDoNothing().returning())[0];
}

export async function touchSweep(tx: Tx, id: string, seenAt: Date): Promise<void> {
  await tx.update(sweeps).set({ seenAt }).where(eq(sweeps.id, id));
}

export async function endSweep(
  tx: Tx,
  id: string,
  end: Pick<SweepRow, "state" | "finishedAt"> & Partial<Pick<SweepRow, "report" | "error">>,
): Promise<void> {
  await tx.update(sweeps).set(end).where(eq(sweeps.id, id));
}

/** Ends the runs that gave no sign of life since a moment: their process is gone. */
export async function endSilentSweeps(tx: Tx, since: Date, error: SweepRow["error"]): Promise<void> {
  await tx
    .update(sweeps)
    .set({ state: "failed", finishedAt: since, error })
    .where(and(eq(sweeps.state, "running"), lt(sweeps.seenAt, since)));
}

/** Newest first. */
export async function listSweeps(
  tx: Tx,
  repository: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<SweepRow[]> {
  const before = page.cursor === undefined ? undefined : lt(sweeps.id, page.cursor);
  const conditions = and(eq(sweeps.repository, repository), before);
  return tx.select().from(sweeps).where(conditions).orderBy(desc(sweeps.id)).limit(page.limit);
}

/** Of each repository, the newest run that was no preview; only among those that succeeded, if so asked. */
export async function lastSweeps(tx: Tx, { succeeded }: { succeeded: boolean }): Promise<SweepRow[]> {
  return tx
    .selectDistinctOn([sweeps.repository])
    .from(sweeps)
    .where(and(succeeded ? eq(sweeps.state, "succeeded") : undefined, eq(sweeps.dryRun, false)))
    .orderBy(sweeps.repository, desc(sweeps.startedAt));
}

export async function insertHold(tx: Tx, row: typeof pointHolds.$inferInsert): Promise<HoldRow> {
  const [placed] = await tx.insert(pointHolds).values(row).returning();
  if (placed === undefined) throw new Error("an insert returns its row");
  return placed;
}

/** The holds of a point, or of all; those in force, or the released ones too. */
export async function listHolds(
  tx: Tx,
  { pointId, all }: { pointId?: string | undefined; all: boolean },
): Promise<HoldRow[]> {
  return tx
    .select()
    .from(pointHolds)
    .where(
      and(
        pointId === undefined ? undefined : eq(pointHolds.pointId, pointId),
        all ? undefined : isNull(pointHolds.releasedAt),
      ),
    )
    .orderBy(desc(pointHolds.placedAt));
}

/** Releases the holds in force on a point; returns them. */
export async function releaseHolds(
  tx: Tx,
  pointId: string,
  end: { releasedBy: string; releasedAt: Date },
): Promise<HoldRow[]> {
  return tx
    .update(pointHolds)
    .set(end)
    .where(and(eq(pointHolds.pointId, pointId), isNull(pointHolds.releasedAt)))
    .returning();
}

/** Locks a point's row, so that a hold and a deletion are decided one after the other. */
export async function lockPoint(tx: Tx, id: string): Promise<typeof points.$inferSelect | undefined> {
  return (await tx.select().from(points).where(eq(points.id, id)).for("update"))[0];
}

/** Takes the mark of retention away: the point can be restored again. */
export async function unexpire(tx: Tx, id: string): Promise<void> {
  await tx.update(points).set({ expiredAt: null, expiryReason: null }).where(eq(points.id, id));
}

/** The points of a service in a repository, first copies or further ones, that retention gave up and that are not held. */
export async function expiredPoints(
  tx: Tx,
  repository: string,
  service: string,
): Promise<{ id: string; reason: string | null }[]> {
  const copy = and(eq(pointCopies.pointId, points.id), eq(pointCopies.repository, repository));
  const here = or(eq(points.repository, repository), exists(tx.select().from(pointCopies).where(copy)));
  return tx
    .select({ id: points.id, reason: points.expiryReason })
    .from(points)
    .where(and(here, eq(points.service, service), isNotNull(points.expiredAt), notHeld(tx)));
}

/** Decides on the deletion of those of these points that have expired and are not held; returns them. */
export async function startDeleting(tx: Tx, ids: readonly string[], at: Date): Promise<string[]> {
  if (ids.length === 0) return [];
  await tx
    .select({ id: points.id })
    .from(points)
    .where(inArray(points.id, [...ids]))
    .for("update");
  const rows = await tx
    .update(points)
    .set({ deletingAt: sql`coalesce(${points.deletingAt}, ${at.toISOString()}::timestamptz)` })
    .where(and(inArray(points.id, [...ids]), isNotNull(points.expiredAt), notHeld(tx)))
    .returning({ id: points.id });
  return rows.map(({ id }) => id);
}

/**
 * Notes that points are gone from a repository; returns those that were in it. One that has a further copy stays in the catalog, as
 * a point of that copy's repository; the last one takes the point with it.
 */
export async function removePoints(tx: Tx, repository: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const gone = await tx
    .delete(pointCopies)
    .where(and(inArray(pointCopies.pointId, [...ids]), eq(pointCopies.repository, repository)))
    .returning({ id: pointCopies.pointId });
  const own = and(inArray(points.id, [...ids]), eq(points.repository, repository));
  for (const { id } of await tx.select({ id: points.id }).from(points).where(own)) {
    const [next] = await tx.select().from(pointCopies).where(eq(pointCopies.pointId, id)).limit(1);
    gone.push({ id });
    if (next === undefined) {
      await tx.delete(points).where(eq(points.id, id));
      continue;
    }
    await tx.update(points).set({ repository: next.repository }).where(eq(points.id, id));
    const moved = and(eq(pointCopies.pointId, id), eq(pointCopies.repository, next.repository));
    await tx.delete(pointCopies).where(moved);
  }
  return gone.map(({ id }) => id);
}

function notHeld(tx: Tx) {
  const inForce = and(eq(pointHolds.pointId, points.id), isNull(pointHolds.releasedAt));
  return not(exists(tx.select({ id: pointHolds.id }).from(pointHolds).where(inForce)));
}
