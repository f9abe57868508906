import { MusterError } from "@muster/core";
import type { Actor, ControlPlane } from "../context.ts";
import { currentPlan } from "../plans/store.ts";
import { announceRecovery, applyIn } from "./apply.ts";
import { lockRecovery } from "./store.ts";

/**
 * Agrees to a recovery, for exactly the hash that was looked at. The second person rule: who started it cannot approve it.
 * Throws `not-found`, `forbidden`, `approval-void` (another hash, or the plan has changed since), `conflict`.
 */
export async function approveRecovery(cp: ControlPlane, id: string, hash: string, by: Actor): Promise<void> {
  await cp.db.transaction(async (tx) => {
    const run = (await lockRecovery(tx, id))?.run;
    if (run?.state === "awaiting_approval") {
      if (run.createdBy === by) throw ownRecovery(id);
      const { planName, planHash, planVersion } = run.plan;
      const current = await currentPlan(tx, planName);
      if (current?.hash !== planHash) throw changedPlan(planName, planVersion, current?.version);
    }
    const act = { actor: by, action: "recovery.approve", details: { hash } };
    await applyIn(cp, tx, id, [{ type: "approve", by, hash }], act);
  });
  announceRecovery(cp, id);
}

function ownRecovery(id: string): MusterError {
  return new MusterError("forbidden", `you have started recovery ${id}, so somebody else has to approve it`, {
    hint: "Ask a second person with the role approver.",
  });
}

function changedPlan(name: string, then: number, now: number | undefined): MusterError {
  const message = `the plan ${name} is at version ${now ?? "none"} now; the recovery was made from version ${then}`;
  return new MusterError("approval-void", message, { hint: "Cancel this recovery and start it again." });
}
