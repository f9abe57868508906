import { errorValue, MusterError } from "@muster/core";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane } from "../context.ts";
import { announceBackup } from "./create-backup.ts";
import { type BackupRow, backupById, markEnded } from "./store.ts";

/**
 * Cancels a backup: a queued one ends at once, a running one when its agent has stopped it.
 * Throws `not-found`, and `conflict` when it has ended already.
 */
export async function cancelBackup(cp: ControlPlane, id: string, by: Actor): Promise<BackupRow> {
  const row = await cp.db.transaction(async (tx) => {
    const backup = await backupById(tx, id);
    if (backup === undefined) throw new MusterError("not-found", `there is no backup ${id}`);
    if (backup.state === "running") await cp.commands.cancel(tx, id, `cancelled by ${by}`);
    else await endQueued(backup);
    await recordAudit(tx, cp.clock.now(), { actor: by, action: "backup.cancel", subject: id });
    return (await backupById(tx, id)) ?? backup;

    async function endQueued(queued: BackupRow): Promise<void> {
      const error = errorValue(new MusterError("cancelled", `cancelled by ${by} before it began`));
      const ended = await markEnded(tx, id, { state: "cancelled", finishedAt: new Date(cp.clock.now()), error });
      if (!ended) throw new MusterError("conflict", `backup ${id} has ended already: ${queued.state}`);
    }
  });
  cp.commands.wake();
  announceBackup(cp, row, { state: row.state });
  return row;
}
