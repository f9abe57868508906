import type { CheckFinding, RecoveryPlan } from "@muster/recovery";
import type { Tx } from "../../context.ts";
import { currentPlan } from "../../plans/store.ts";
import { finding } from "./finding.ts";

/** Is the plan still the one that the recovery was made from? */
export async function checkPlan(tx: Tx, { planName, planHash, planVersion }: RecoveryPlan): Promise<CheckFinding[]> {
  const current = await currentPlan(tx, planName);
  if (current?.hash === planHash) return [];
  const message = `the plan ${planName} is at version ${current?.version ?? "none"} now; the recovery was made from version ${planVersion}`;
  return [finding("error", "plan-changed", planName, message, "Preview and start the recovery again.")];
}
