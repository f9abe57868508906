import { errorValue, formatDuration, MusterError } from "@muster/core";
import type { ControlPlane, Tx } from "../context.ts";
import { announceBackup } from "./create-backup.ts";
import { type BackupRow, markEnded, queuedBackups, runningBackups } from "./store.ts";

/** Agents stop a backup at its timeout by themselves; only one that is silent for this much longer is given up here. */
const grace = 60_000;

/**
 * Ends backups that have passed their timeout, so that a hung one keeps its source no longer. If its agent
 * reports a point after all, the point is listed and the backup counts as succeeded.
 */
export async function expireOverdue(cp: ControlPlane): Promise<void> {
  const ended = await cp.db.transaction(async (tx) => {
    const live = [...(await runningBackups(tx)), ...(await queuedBackups(tx))];
    const overdue = live.filter((row) => cp.clock.now() > deadlineOf(row));
    for (const row of overdue) await giveUp(cp, tx, row);
    return overdue;
  });
  for (const row of ended) announceBackup(cp, row, { state: "failed" });
  if (ended.length > 0) cp.commands.wake();
}

function deadlineOf(row: BackupRow): number {
  return (row.startedAt ?? row.createdAt).getTime() + row.timeoutMs + grace;
}

async function giveUp(cp: ControlPlane, tx: Tx, row: BackupRow): Promise<void> {
  const limit = formatDuration(row.timeoutMs);
  const message =
    row.state === "queued"
      ? `the backup of ${row.service}/${row.source} found no place on ${row.host} within ${limit}`
      : `the backup of ${row.service}/${row.source} on ${row.host} did not end within ${limit}`;
  await markEnded(tx, row.id, {
    state: "failed",
    finishedAt: new Date(cp.clock.now()),
    error: errorValue(new MusterError("timeout", message)),
  });
  if (row.state === "running") await cp.commands.cancel(tx, row.id, message);
}
