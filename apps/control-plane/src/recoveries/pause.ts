import type { Actor, ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";

/** Starts no further step; what is in hand goes on. Throws `not-found`, `conflict`. */
export async function pauseRecovery(cp: ControlPlane, id: string, by: Actor): Promise<void> {
  await apply(cp, id, { type: "pause" }, { actor: by, action: "recovery.pause" });
}
