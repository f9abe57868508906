import type { ApiRecovery } from "@muster/protocol";
import type { Outcome } from "./exit-codes.ts";

const ended: ReadonlySet<ApiRecovery["state"]> = new Set([
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
  "rolled_back",
]);

/** Nothing happens any more until somebody does something; an approval that is waited for counts. */
export function isSettled({ state, aside }: ApiRecovery): boolean {
  if (aside === "accepting" || aside === "rolling_back") return false;
  return ended.has(state) || state === "awaiting_approval";
}

/** The checks found something, and nothing was touched. */
export function failedChecks({ state, startedAt }: ApiRecovery): boolean {
  return state === "failed" && startedAt === undefined;
}

export function missesRto({ achieved, objectives }: ApiRecovery): boolean {
  return exceeds(achieved?.rtoMs, objectives.rtoMs);
}

export function missesRpo({ achieved, objectives }: ApiRecovery): boolean {
  return exceeds(achieved?.rpoMs, objectives.rpoMs);
}

function exceeds(measured: number | undefined, allowed: number | undefined): boolean {
  return measured !== undefined && allowed !== undefined && measured > allowed;
}

/** How a command ends that waited for this recovery. One that somebody rolled back on purpose went well. */
export function recoveryOutcome(recovery: ApiRecovery): Outcome {
  switch (recovery.state) {
    case "succeeded":
      // A target in the past loses data on purpose: then only the time counts.
      return missesRto(recovery) || (recovery.target === "latest" && missesRpo(recovery)) ? "objective-missed" : "ok";
    case "rolled_back":
      return "ok";
    case "completed_with_exceptions":
      return "partial";
    case "awaiting_approval":
      return "approval-pending";
    case "failed":
      return failedChecks(recovery) ? "findings" : "failed";
    case "cancelled":
    case "timed_out":
      return "failed";
    default:
      return "ok";
  }
}
