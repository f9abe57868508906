import type { CheckFinding, RecoveryPlan } from "@muster/recovery";
import type { ControlPlane } from "../../context.ts";
import { checkHosts } from "./hosts.ts";
import { checkPlan } from "./plan.ts";
import { checkPoints } from "./points.ts";
import { checkRestores } from "./restores.ts";

/** Everything that would stop this recovery or should be known before it; touches nothing on any host. */
export async function runChecks(cp: ControlPlane, plan: RecoveryPlan, signal: AbortSignal): Promise<CheckFinding[]> {
  const parts = await Promise.all([
    checkPlan(cp.db, plan),
    checkHosts(cp, plan),
    checkPoints(cp, plan),
    checkRestores(cp, plan, signal),
  ]);
  return parts.flat();
}
