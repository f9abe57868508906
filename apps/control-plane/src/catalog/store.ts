import { backups, type StoredError, type StoredProgress } from "@muster/database";
import { and, asc, count, desc, eq, inArray, lt, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

export type BackupRow = typeof backups.$inferSelect;
export type NewBackupRow = typeof backups.$inferInsert;

export interface BackupFilter {
  readonly service?: string | undefined;
  readonly source?: string | undefined;
  readonly host?: string | undefined;
  readonly state?: BackupRow["state"] | undefined;
}

/** Number of the advisory lock that lets one replica at a time decide what starts; held to the transaction's end. */
const schedulerLock = 0x6d757363;

/** Waits until no other transaction queues or starts backups by itself, so that limits per host hold over replicas. */
export async function lockScheduler(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${schedulerLock}::bigint)`);
}

/** Inserts a run; undefined when one of the same source is live (the unique index decides). */
export async function insertBackup(tx: Tx, row: NewBackupRow): Promise<BackupRow | undefined> {
  const rows = await tx.insert(backups).values(row).onConflictDoNothing().returning();
  return rows[0];
}

export async function backupById(tx: Tx, id: string): Promise<BackupRow | undefined> {
  return (await tx.select().from(backups).where(eq(backups.id, id)))[0];
}

/** The queued or running backup of a source. */
export async function liveBackup(tx: Tx, service: string, source: string): Promise<BackupRow | undefined> {
  const rows = await tx
    .select()
    .from(backups)
    .where(
      and(eq(backups.service, service), eq(backups.source, source), inArray(backups.state, ["queued", "running"])),
    );
  return rows[0];
}

/** Newest first; `cursor` is the id of the last one of the page before. */
export async function listBackups(
  tx: Tx,
  filter: BackupFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<BackupRow[]> {
  const conditions = [
    filter.service === undefined ? undefined : eq(backups.service, filter.service),
    filter.source === undefined ? undefined : eq(backups.source, filter.source),
    filter.host === undefined ? undefined : eq(backups.host, filter.host),
    filter.state === undefined ? undefined : eq(backups.state, filter.state),
    page.cursor === undefined ? undefined : lt(backups.id, page.cursor),
  ];
  return tx
    .select()
    .from(backups)
    .where(and(...conditions))
    .orderBy(desc(backups.id))
    .limit(page.limit);
}

/** Backups that wait for a place on their host, oldest first. */
export async function queuedBackups(tx: Tx): Promise<BackupRow[]> {
  return tx.select().from(backups).where(eq(backups.state, "queued")).orderBy(asc(backups.createdAt), asc(backups.id));
}

export async function runningBackups(tx: Tx): Promise<BackupRow[]> {
  return tx.select().from(backups).where(eq(backups.state, "running"));
}

/** How many backups run on each host. */
export async function runningPerHost(tx: Tx): Promise<Map<string, number>> {
  const rows = await tx
    .select({ host: backups.host, running: count() })
    .from(backups)
    .where(eq(backups.state, "running"))
    .groupBy(backups.host);
  return new Map(rows.map((row) => [row.host, row.running]));
}

/** Marks a queued backup as running; false when it is not queued any more. */
export async function markRunning(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx
    .update(backups)
    .set({ state: "running", startedAt: at })
    .where(and(eq(backups.id, id), eq(backups.state, "queued")))
    .returning({ id: backups.id });
  return rows.length > 0;
}

export async function setBackupStart(tx: Tx, id: string, at: Date): Promise<void> {
  await tx
    .update(backups)
    .set({ startedAt: at })
    .where(and(eq(backups.id, id), eq(backups.state, "running")));
}

export async function setBackupProgress(tx: Tx, id: string, progress: StoredProgress): Promise<void> {
  await tx
    .update(backups)
    .set({ progress })
    .where(and(eq(backups.id, id), eq(backups.state, "running")));
}

/** A point exists, so the backup has succeeded, whatever was thought of it before (a timeout that came too early). */
export async function markSucceeded(
  tx: Tx,
  id: string,
  end: { pointId: string; startedAt: Date; finishedAt: Date },
): Promise<void> {
  await tx
    .update(backups)
    .set({ ...end, state: "succeeded", error: null })
    .where(eq(backups.id, id));
}

/** Ends a live backup without a point; false when it had ended already. */
export async function markEnded(
  tx: Tx,
  id: string,
  end: { state: "failed" | "cancelled"; finishedAt: Date; error: StoredError },
): Promise<boolean> {
  const rows = await tx
    .update(backups)
    .set(end)
    .where(and(eq(backups.id, id), inArray(backups.state, ["queued", "running"])))
    .returning({ id: backups.id });
  return rows.length > 0;
}

/** Per source, the newest run that ended; sources are `service/source`. */
export async function lastEnded(tx: Tx): Promise<Map<string, BackupRow>> {
  const rows = await tx
    .selectDistinctOn([backups.service, backups.source])
    .from(backups)
    .where(inArray(backups.state, ["succeeded", "failed"]))
    .orderBy(backups.service, backups.source, desc(backups.finishedAt), desc(backups.id));
  return new Map(rows.map((row) => [`${row.service}/${row.source}`, row]));
}
