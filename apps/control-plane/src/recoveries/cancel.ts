import type { Actor, ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";

/** Stops a recovery: what is in hand is asked to stop, nothing new starts. What it has changed stays. Throws `not-found`, `conflict`. */
export async function cancelRecovery(cp: ControlPlane, id: string, by: Actor, reason?: string): Promise<void> {
  const details = reason === undefined ? {} : { reason };
  await apply(cp, id, { type: "cancel", by, reason }, { actor: by, action: "recovery.cancel", details });
}
