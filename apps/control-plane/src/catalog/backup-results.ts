import { errorValue, fromErrorValue, MusterError } from "@muster/core";
import type { StoredError } from "@muster/database";
import type { CommandFinished, PointCreated } from "@muster/protocol/grpc";
import { timestampDate } from "@muster/protocol/grpc";
import type { CommandHandler, ControlPlane, Tx } from "../context.ts";
import { announceBackup } from "./create-backup.ts";
import { pointRow } from "./point-rows.ts";
import { insertPoints } from "./points-store.ts";
import { type BackupRow, backupById, markEnded, markSucceeded, setBackupProgress, setBackupStart } from "./store.ts";

/** Progress of one backup is stored at most this often, in milliseconds; live views get every report. */
const progressInterval = 1000;

/** What the control plane does with agents' reports about backups; register it for the owner `backup`. */
export function backupHandler(cp: ControlPlane): CommandHandler {
  const storedAt = new Map<string, number>();
  return {
    started: (tx, { ownerId }, at) => setBackupStart(tx, ownerId, new Date(at)),
    async progress({ ownerId }, { done, total, unit, note }) {
      const progress = { done: Number(done), total: Number(total), unit, note };
      cp.events.publish({ type: "backup", subject: ownerId, data: { state: "running", progress } });
      if (cp.clock.now() - (storedAt.get(ownerId) ?? Number.NEGATIVE_INFINITY) < progressInterval) return;
      storedAt.set(ownerId, cp.clock.now());
      await setBackupProgress(cp.db, ownerId, progress);
    },
    async finished(tx, { ownerId }, outcome) {
      storedAt.delete(ownerId);
      const backup = await backupById(tx, ownerId);
      if (backup === undefined) throw new MusterError("not-found", `there is no backup ${ownerId} for this result`);
      await storeOutcome(cp, tx, backup, outcome);
    },
  };
}

async function storeOutcome(cp: ControlPlane, tx: Tx, backup: BackupRow, finished: CommandFinished): Promise<void> {
  if (finished.outcome.case === "point") return storePoint(cp, tx, backup, finished.outcome.value);
  const error = failureOf(finished);
  const finishedAt = finished.finishedAt === undefined ? new Date(cp.clock.now()) : timestampDate(finished.finishedAt);
  const state = error.code === "cancelled" ? "cancelled" : "failed";
  if (!(await markEnded(tx, backup.id, { state, finishedAt, error }))) return;
  announceBackup(cp, backup, { state, error });
}

async function storePoint(cp: ControlPlane, tx: Tx, backup: BackupRow, point: PointCreated): Promise<void> {
  const row = pointRow(backup, point, new Date(cp.clock.now()));
  await insertPoints(tx, [row]);
  await markSucceeded(tx, backup.id, { pointId: row.id, startedAt: row.startedAt, finishedAt: row.finishedAt });
  announceBackup(cp, backup, { state: "succeeded", pointId: row.id });
  cp.events.publish({
    type: "point",
    subject: row.id,
    data: { service: row.service, source: row.source, takenAt: row.takenAt.toISOString() },
  });
}

/** The failure of a backup with a code of the registry; an outcome that a backup cannot have is a bug of the agent. */
function failureOf({ outcome }: CommandFinished): StoredError {
  if (outcome.case === "failure") {
    const { code, message, hint, retryable, details } = outcome.value;
    return errorValue(
      fromErrorValue({ code, message, hint, retryable, ...(details === undefined ? {} : { details }) }),
    );
  }
  return errorValue(new MusterError("internal", `the agent answered a backup with "${outcome.case ?? "nothing"}"`));
}
