import { MusterError } from "@muster/core";
import { type Run, stepRun } from "@muster/recovery";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { type Act, apply } from "./apply.ts";
import { refuseSuperseded } from "./refuse-superseded.ts";
import { recoveryById } from "./store.ts";

/**
 * Tries a failed step again, and a recovery that failed for it goes on; without a step, has a recovery that failed in its checks
 * checked again. Throws `not-found`, `conflict`, `recovery-active`, `recovery-superseded`.
 */
export async function retryRecovery(cp: ControlPlane, id: string, step: string | undefined, by: Actor): Promise<void> {
  const act = { actor: by, action: "recovery.retry", claims: true } as const;
  if (step === undefined) return checkAgain(cp, id, act);
  const allowed = async (tx: Tx, run: Run): Promise<void> => {
    if (stepRun(run, step).state === "failed") await refuseSuperseded(tx, run);
  };
  await apply(cp, id, { type: "retry", step }, { ...act, details: { step }, allowed });
}

async function checkAgain(cp: ControlPlane, id: string, act: Act): Promise<void> {
  const run = (await recoveryById(cp.db, id))?.run;
  if (run !== undefined && run.startedAt !== undefined)
    throw new MusterError("conflict", `recovery ${id} has passed its checks, so a step has to be named`, {
      hint: `See which step failed: muster recoveries show ${id}`,
    });
  await apply(cp, id, { type: "check" }, { ...act, details: { checks: true } });
}
