import type { Actor, ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";

/** Tries a failed step again; a recovery that failed for it goes on. Throws `not-found`, `conflict`, `recovery-active`. */
export async function retryStep(cp: ControlPlane, id: string, step: string, by: Actor): Promise<void> {
  const act = { actor: by, action: "recovery.retry", details: { step }, claims: true };
  await apply(cp, id, { type: "retry", step }, act);
}
