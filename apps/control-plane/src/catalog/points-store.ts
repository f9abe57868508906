import { pointCopies, points } from "@muster/database";
import { and, asc, desc, eq, gte, inArray, isNull, lt, lte, or, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

export type PointRow = typeof points.$inferSelect;
export type NewPointRow = typeof points.$inferInsert;

export interface PointFilter {
  readonly service?: string | undefined;
  readonly source?: string | undefined;
  readonly repository?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Also those that retention has marked. */
  readonly expired: boolean;
}

/** A place in the list: what lies before it in time, or at the same time with a lower id, comes next. */
export interface PointCursor {
  readonly takenAt: Date;
  readonly id: string;
}

/** Rows in one statement; PostgreSQL allows 65,535 parameters. */
const batch = 1000;

/** Inserts points; one that is listed already stays as it is. Returns the ids that are new. */
export async function insertPoints(tx: Tx, rows: readonly NewPointRow[]): Promise<string[]> {
  const added: string[] = [];
  for (let start = 0; start < rows.length; start += batch) {
    const part = rows.slice(start, start + batch);
    const inserted = await tx.insert(points).values(part).onConflictDoNothing().returning({ id: points.id });
    added.push(...inserted.map(({ id }) => id));
  }
  return added;
}

export async function pointById(tx: Tx, id: string): Promise<PointRow | undefined> {
  return (await tx.select().from(points).where(eq(points.id, id)))[0];
}

/** Newest first by the moment that they restore to. */
export async function listPoints(
  tx: Tx,
  filter: PointFilter,
  page: { limit: number; cursor?: PointCursor | undefined },
): Promise<PointRow[]> {
  const conditions = [
    filter.service === undefined ? undefined : eq(points.service, filter.service),
    filter.source === undefined ? undefined : eq(points.source, filter.source),
    filter.repository === undefined ? undefined : eq(points.repository, filter.repository),
    filter.from === undefined ? undefined : gte(points.takenAt, filter.from),
    filter.to === undefined ? undefined : lte(points.takenAt, filter.to),
    filter.expired ? undefined : isNull(points.expiredAt),
    page.cursor === undefined ? undefined : after(page.cursor),
  ];
  return tx
    .select()
    .from(points)
    .where(and(...conditions))
    .orderBy(desc(points.takenAt), desc(points.id))
    .limit(page.limit);
}

function after({ takenAt, id }: PointCursor) {
  return or(lt(points.takenAt, takenAt), and(eq(points.takenAt, takenAt), lt(points.id, id)));
}

/** In some repository it was not found damaged. */
export const restorable = sql<boolean>`(not ${points.damaged} or exists (select 1 from ${pointCopies} where ${pointCopies.pointId} = ${points.id} and not ${pointCopies.damaged}))`;

/** The newest point of a source that a restore may use; with `undoubted`, of those that carry no warning. */
export async function newestPoint(
  tx: Tx,
  { service, source }: { readonly service: string; readonly source: string },
  { undoubted = false } = {},
): Promise<PointRow | undefined> {
  const noWarning = undoubted ? sql`${points.facts}->'warnings' is null` : undefined;
  const ofSource = and(eq(points.service, service), eq(points.source, source), noWarning);
  const rows = await tx
    .select()
    .from(points)
    .where(and(ofSource, isNull(points.expiredAt), restorable))
    .orderBy(desc(points.takenAt), desc(points.id))
    .limit(1);
  return rows[0];
}

/** Every point that a restore may use (not expired, not damaged), oldest first. */
export async function usablePoints(tx: Tx): Promise<PointRow[]> {
  return tx
    .select()
    .from(points)
    .where(and(isNull(points.expiredAt), restorable))
    .orderBy(asc(points.takenAt), asc(points.id));
}

/** Per source (`service/source`), the newest point that a restore may use. */
export async function newestPoints(tx: Tx): Promise<Map<string, PointRow>> {
  const rows = await tx
    .selectDistinctOn([points.service, points.source])
    .from(points)
    .where(and(isNull(points.expiredAt), restorable))
    .orderBy(points.service, points.source, desc(points.takenAt));
  return new Map(rows.map((row) => [`${row.service}/${row.source}`, row]));
}

/** Marks a point as expired; its data stays until a sweep. */
export async function markExpired(tx: Tx, id: string, at: Date, reason: string): Promise<void> {
  await tx
    .update(points)
    .set({ expiredAt: at, expiryReason: reason })
    .where(and(eq(points.id, id), isNull(points.expiredAt)));
}

/** Notes what a verification of one repository found about points there. */
export async function markVerified(
  tx: Tx,
  repository: string,
  ids: readonly string[],
  found: { verifiedAt: Date; verifyLevel: string; damaged: boolean },
): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .update(points)
    .set(found)
    .where(and(inArray(points.id, [...ids]), eq(points.repository, repository)));
  await tx
    .update(pointCopies)
    .set(found)
    .where(and(inArray(pointCopies.pointId, [...ids]), eq(pointCopies.repository, repository)));
}

/** Notes that points are whole again in a repository where they were damaged. */
export async function markHealed(tx: Tx, repository: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const whole = { damaged: false };
  await tx
    .update(points)
    .set(whole)
    .where(and(inArray(points.id, [...ids]), eq(points.repository, repository)));
  await tx
    .update(pointCopies)
    .set(whole)
    .where(and(inArray(pointCopies.pointId, [...ids]), eq(pointCopies.repository, repository)));
}

/** Marks points that cannot be restored; no later backup counts on them. */
export async function setDamaged(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await tx
      .update(points)
      .set({ damaged: true })
      .where(inArray(points.id, [...ids]));
}

/** Every point of a repository that has not expired. */
export async function pointsOfRepository(tx: Tx, repository: string): Promise<PointRow[]> {
  return tx
    .select()
    .from(points)
    .where(and(eq(points.repository, repository), isNull(points.expiredAt)));
}

/** Names of the services that have points in the catalog. */
export async function servicesWithPoints(tx: Tx): Promise<string[]> {
  return (await tx.selectDistinct({ service: points.service }).from(points)).map(({ service }) => service);
}
