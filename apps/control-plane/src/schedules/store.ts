import { schedules } from "@muster/database";
import { and, asc, eq, lte } from "drizzle-orm";
import type { Tx } from "../context.ts";

export type ScheduleRow = typeof schedules.$inferSelect;

/** Every schedule row; also those of services that no plan names any more. */
export async function allSchedules(tx: Tx): Promise<ScheduleRow[]> {
  return tx.select().from(schedules).orderBy(asc(schedules.service), asc(schedules.source), asc(schedules.position));
}

/** Rows whose moment has come, earliest first. */
export async function dueSchedules(tx: Tx, now: Date): Promise<ScheduleRow[]> {
  return tx.select().from(schedules).where(lte(schedules.nextDueAt, now)).orderBy(asc(schedules.nextDueAt));
}

/** Puts a schedule in, or in place of the one that stood at its position. */
export async function putSchedule(tx: Tx, row: Omit<ScheduleRow, "lastDueAt">): Promise<void> {
  const fresh = { definition: row.definition, nextDueAt: row.nextDueAt, lastDueAt: null };
  await tx
    .insert(schedules)
    .values({ ...row, lastDueAt: null })
    .onConflictDoUpdate({ target: [schedules.service, schedules.source, schedules.position], set: fresh });
}

export async function removeSchedule(tx: Tx, row: ScheduleRow): Promise<void> {
  await tx.delete(schedules).where(sameRow(row));
}

/** Moves a schedule on: `dueAt` was dealt with, `nextDueAt` is next. */
export async function advanceSchedule(tx: Tx, row: ScheduleRow, dueAt: Date, nextDueAt: Date): Promise<void> {
  await tx.update(schedules).set({ lastDueAt: dueAt, nextDueAt }).where(sameRow(row));
}

/** Per source (`service/source`), the moment of its next run. */
export async function nextDuePerSource(tx: Tx): Promise<Map<string, Date>> {
  const next = new Map<string, Date>();
  for (const row of await allSchedules(tx)) {
    const key = `${row.service}/${row.source}`;
    const known = next.get(key);
    if (known === undefined || row.nextDueAt < known) next.set(key, row.nextDueAt);
  }
  return next;
}

function sameRow({ service, source, position }: ScheduleRow) {
  return and(eq(schedules.service, service), eq(schedules.source, source), eq(schedules.position, position));
}
