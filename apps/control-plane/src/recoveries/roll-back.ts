import type { Actor, ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";

/** Puts back what was moved aside, and starts again what was stopped. Throws `not-found`, `conflict`, `recovery-active`. */
export async function rollBackRecovery(cp: ControlPlane, id: string, by: Actor): Promise<void> {
  await apply(cp, id, { type: "rollBack" }, { actor: by, action: "recovery.roll-back", claims: true });
}
