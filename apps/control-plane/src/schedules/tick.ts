import { recordAudit } from "../audit/record.ts";
import { announceBackup, queueBackup } from "../catalog/create-backup.ts";
import { dispatchBackups } from "../catalog/dispatch.ts";
import { expireOverdue } from "../catalog/expire-overdue.ts";
import { newestPoints, type PointRow } from "../catalog/points-store.ts";
import { type BackupRow, lockScheduler } from "../catalog/store.ts";
import type { ControlPlane, Tx } from "../context.ts";
import { nextRun, onTime, runToMakeUp } from "./due.ts";
import { advanceSchedule, dueSchedules, type ScheduleRow } from "./store.ts";
import { keyOf, type WantedSchedule, wantedSchedules } from "./sync.ts";

/**
 * One pass of the scheduler: gives up what is overdue, queues what is due, starts what has a place. Each part is a
 * transaction of its own over stored state, so a restart between any two goes on where it stopped.
 */
export async function tickSchedules(cp: ControlPlane): Promise<void> {
  await expireOverdue(cp);
  const queued = await cp.db.transaction((tx) => queueDue(cp, tx));
  for (const row of queued) announceBackup(cp, row, { state: "queued" });
  await dispatchBackups(cp);
}

async function queueDue(cp: ControlPlane, tx: Tx): Promise<BackupRow[]> {
  await lockScheduler(tx);
  const now = cp.clock.now();
  const due = await dueSchedules(tx, new Date(now));
  if (due.length === 0) return [];
  const wanted = new Map((await wantedSchedules(tx)).map((schedule) => [keyOf(schedule), schedule]));
  const newest = await newestPoints(tx);
  const queued: BackupRow[] = [];
  const skipped: string[] = [];
  for (const row of due) {
    const schedule = wanted.get(keyOf(row));
    // Agents go on with the schedule by themselves while they are cut off: the run stays due until the host is back.
    if (schedule === undefined || !cp.commands.isOnline(schedule.found.service.host)) continue;
    const outcome = await runDue(tx, now, { row, schedule, newest: newest.get(`${row.service}/${row.source}`) });
    if (outcome === "busy") skipped.push(keyOf(row));
    else if (outcome !== "nothing") queued.push(outcome);
  }
  await auditPass(tx, now, queued, skipped);
  return queued;
}

interface DueRun {
  readonly row: ScheduleRow;
  readonly schedule: WantedSchedule;
  readonly newest: PointRow | undefined;
}

/** Deals with a due schedule: of all the moments that have passed, only the latest can still be worth a run. */
async function runDue(tx: Tx, now: number, { row, schedule, newest }: DueRun): Promise<BackupRow | "busy" | "nothing"> {
  const dueAt = runToMakeUp(schedule, row.nextDueAt.getTime(), now);
  await advanceSchedule(tx, row, new Date(dueAt ?? row.nextDueAt), new Date(nextRun(schedule, now)));
  if (dueAt === undefined || (newest !== undefined && newest.startedAt.getTime() >= dueAt)) return "nothing";
  const trigger = now - dueAt <= onTime ? "schedule" : "catch-up";
  const target = { found: schedule.found, source: row.source };
  return (await queueBackup(tx, now, target, { trigger, by: "system", dueAt: new Date(dueAt) })) ?? "busy";
}

async function auditPass(tx: Tx, now: number, queued: readonly BackupRow[], skipped: readonly string[]): Promise<void> {
  if (queued.length > 0) {
    const subject = queued.map((row) => `${row.service}/${row.source}`).join(" ");
    await recordAudit(tx, now, {
      actor: "system",
      action: "backup.schedule",
      subject,
      details: { backups: queued.map((row) => row.id) },
    });
  }
  if (skipped.length > 0) {
    const details = { reason: "the run before it has not ended" };
    await recordAudit(tx, now, { actor: "system", action: "backup.skip", subject: skipped.join(" "), details });
  }
}
