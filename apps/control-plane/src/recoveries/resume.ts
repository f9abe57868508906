import type { Actor, ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";

/** Goes on with a paused recovery. Throws `not-found`, `conflict`. */
export async function resumeRecovery(cp: ControlPlane, id: string, by: Actor): Promise<void> {
  await apply(cp, id, { type: "resume" }, { actor: by, action: "recovery.resume" });
}
