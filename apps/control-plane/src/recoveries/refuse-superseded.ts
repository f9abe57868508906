import { MusterError } from "@muster/core";
import { type Run, supersededTargets } from "@muster/recovery";
import type { Tx } from "../context.ts";
import { newerRecoveries } from "./store.ts";

/**
 * Refuses to restore, or put back, for a recovery what a newer one has restored since: that would overwrite the newer one's data
 * and its way back. Call it after the targets are claimed, so that no other recovery moves. Throws `recovery-superseded`.
 */
export async function refuseSuperseded(tx: Tx, run: Run): Promise<void> {
  for (const newer of await newerRecoveries(tx, run.id)) {
    const targets = supersededTargets(run, newer.run);
    if (targets.length > 0) throw superseded(run, newer.run, targets);
  }
}

function superseded({ id }: Run, newer: Run, targets: readonly string[]): MusterError {
  const message = `recovery ${newer.id}, which is newer than ${id}, has restored ${targets.join(", ")} since`;
  const hint =
    newer.aside === "accepted"
      ? `What ${newer.id} brought was accepted and stays. Start a new recovery to the time that you want: muster recover --to TIME`
      : `Roll back the newer one first: muster recoveries rollback ${newer.id}`;
  return new MusterError("recovery-superseded", message, { hint, details: { recovery: newer.id, targets } });
}
