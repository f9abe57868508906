import type { ControlPlane } from "../context.ts";
import { recoveryHandler } from "./results.ts";

/** Hangs recoveries onto the results of their commands. */
export function registerRecoveries(cp: ControlPlane): void {
  cp.commands.handle("recovery", recoveryHandler(cp));
}
