import { copyRuns, pointCopies, points } from "@muster/database";
import { and, desc, eq, inArray, isNull, max, ne, notExists, sql } from "drizzle-orm";
import type { PointRow } from "../catalog/points-store.ts";
import type { Tx } from "../context.ts";

export type CopyRunRow = typeof copyRuns.$inferSelect;
export type PointCopyRow = typeof pointCopies.$inferSelect;

/** A copy of a source's points: from where they were backed up to another repository. */
export interface CopyKey {
  readonly service: string;
  readonly source: string;
  readonly to: string;
}

/** A copy as the key of a map. */
export const copyKey = ({ service, source, to }: CopyKey): string => `${service}/${source}/${to}`;

/** Points of one run at most; the rest comes with the next one. */
const mostPoints = 200;

/** The newest usable points of a source that a repository does not have. */
export async function uncopiedPoints(tx: Tx, { service, source, to }: CopyKey): Promise<PointRow[]> {
  const copied = tx
    .select({ one: sql`1` })
    .from(pointCopies)
    .where(and(eq(pointCopies.pointId, points.id), eq(pointCopies.repository, to)));
  const usable = and(isNull(points.expiredAt), eq(points.damaged, false));
  return tx
    .select()
    .from(points)
    .where(
      and(eq(points.service, service), eq(points.source, source), ne(points.repository, to), usable, notExists(copied)),
    )
    .orderBy(desc(points.takenAt))
    .limit(mostPoints);
}

/** The latest run of a copy. */
export async function latestRun(tx: Tx, { service, source, to }: CopyKey): Promise<CopyRunRow | undefined> {
  const rows = await tx
    .select()
    .from(copyRuns)
    .where(and(eq(copyRuns.service, service), eq(copyRuns.source, source), eq(copyRuns.toRepository, to)))
    .orderBy(desc(copyRuns.createdAt), desc(copyRuns.id))
    .limit(1);
  return rows[0];
}

/** Of every copy (see `copyKey`), the run that ended last. */
export async function lastEndedRuns(tx: Tx): Promise<Map<string, CopyRunRow>> {
  const rows = await tx
    .selectDistinctOn([copyRuns.service, copyRuns.source, copyRuns.toRepository])
    .from(copyRuns)
    .where(ne(copyRuns.state, "running"))
    .orderBy(copyRuns.service, copyRuns.source, copyRuns.toRepository, desc(copyRuns.createdAt), desc(copyRuns.id));
  return new Map(rows.map((row) => [copyKey({ ...row, to: row.toRepository }), row]));
}

/** By source and repository (see `copyKey`), the moment of the newest point that a restore could read there. */
export async function newestInRepositories(tx: Tx): Promise<Map<string, Date>> {
  const { service, source } = points;
  const backedUp = await tx
    .select({ service, source, to: points.repository, at: max(points.takenAt) })
    .from(points)
    .where(and(isNull(points.expiredAt), eq(points.damaged, false)))
    .groupBy(service, source, points.repository);
  const copied = await tx
    .select({ service, source, to: pointCopies.repository, at: max(points.takenAt) })
    .from(pointCopies)
    .innerJoin(points, eq(points.id, pointCopies.pointId))
    .where(and(isNull(points.expiredAt), eq(pointCopies.damaged, false)))
    .groupBy(service, source, pointCopies.repository);
  const newest = new Map<string, Date>();
  for (const { at, ...key } of [...backedUp, ...copied]) {
    const known = newest.get(copyKey(key));
    if (at !== null && (known === undefined || known < at)) newest.set(copyKey(key), at);
  }
  return newest;
}

/** Stores a new run; false when one of the same copy is live. */
export async function insertRun(tx: Tx, row: typeof copyRuns.$inferInsert): Promise<boolean> {
  return (await tx.insert(copyRuns).values(row).onConflictDoNothing().returning({ id: copyRuns.id })).length > 0;
}

export async function runById(tx: Tx, id: string): Promise<CopyRunRow | undefined> {
  return (await tx.select().from(copyRuns).where(eq(copyRuns.id, id)))[0];
}

export async function updateRun(tx: Tx, id: string, set: Partial<CopyRunRow>): Promise<void> {
  await tx
    .update(copyRuns)
    .set(set)
    .where(and(eq(copyRuns.id, id), eq(copyRuns.state, "running")));
}

/** The latest runs, newest first. */
export async function listRuns(tx: Tx, limit: number): Promise<CopyRunRow[]> {
  return tx.select().from(copyRuns).orderBy(desc(copyRuns.createdAt), desc(copyRuns.id)).limit(limit);
}

/** Notes that points are in a repository; those that the catalog does not know are left out. Returns how many are new there. */
export async function insertPointCopies(
  tx: Tx,
  repository: string,
  ids: readonly string[],
  copiedAt: Date,
): Promise<number> {
  if (ids.length === 0) return 0;
  const known = await tx
    .select({ pointId: points.id })
    .from(points)
    .where(and(inArray(points.id, [...ids]), ne(points.repository, repository)));
  if (known.length === 0) return 0;
  const rows = known.map(({ pointId }) => ({ pointId, repository, copiedAt }));
  const added = await tx.insert(pointCopies).values(rows).onConflictDoNothing().returning({ id: pointCopies.pointId });
  return added.length;
}

/** The copies of some points. */
export async function copiesOf(tx: Tx, ids: readonly string[]): Promise<Map<string, PointCopyRow[]>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .select()
    .from(pointCopies)
    .where(inArray(pointCopies.pointId, [...ids]));
  return Map.groupBy(rows, ({ pointId }) => pointId);
}

/** Forgets copies that a repository turned out not to have; they are copied again. */
export async function forgetCopies(
  tx: Tx,
  repository: string,
  present: ReadonlySet<string>,
  before: Date,
): Promise<void> {
  const rows = await tx.select().from(pointCopies).where(eq(pointCopies.repository, repository));
  const gone = rows.filter(({ pointId, copiedAt }) => !present.has(pointId) && copiedAt < before);
  if (gone.length === 0) return;
  const ids = gone.map(({ pointId }) => pointId);
  await tx.delete(pointCopies).where(and(eq(pointCopies.repository, repository), inArray(pointCopies.pointId, ids)));
}
