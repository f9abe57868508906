import type { Run } from "@muster/recovery";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { apply } from "./apply.ts";
import { refuseSuperseded } from "./refuse-superseded.ts";

/**
 * Puts back what was moved aside, and starts again what was stopped. Recoveries of one target are rolled back newest first.
 * Throws `not-found`, `conflict`, `recovery-active`, `recovery-superseded`.
 */
export async function rollBackRecovery(cp: ControlPlane, id: string, by: Actor): Promise<void> {
  const allowed = async (tx: Tx, run: Run): Promise<void> => {
    if (run.aside === "kept") await refuseSuperseded(tx, run);
  };
  const act = { actor: by, action: "recovery.roll-back", claims: true, allowed };
  await apply(cp, id, { type: "rollBack" }, act);
}
