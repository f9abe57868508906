import type { Actor, ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";

/** Drops what was moved aside: from here on there is no way back. Throws `not-found`, `conflict`, `recovery-active`. */
export async function acceptRecovery(cp: ControlPlane, id: string, by: Actor): Promise<void> {
  await apply(cp, id, { type: "accept" }, { actor: by, action: "recovery.accept", claims: true });
}
