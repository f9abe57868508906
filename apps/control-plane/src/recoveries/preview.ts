import type { CheckFinding } from "@muster/recovery";
import type { ControlPlane } from "../context.ts";
import { runChecks } from "./check/run-checks.ts";
import type { RequestedRecovery } from "./choose.ts";
import { type Prepared, prepareRecovery } from "./prepare.ts";

export interface Preview extends Prepared {
  readonly findings: readonly CheckFinding[];
}

/** The whole recovery as it would be now; with `checks`, agents are asked too. Nothing is touched. Throws what `prepareRecovery` throws. */
export async function previewRecovery(
  cp: ControlPlane,
  request: RequestedRecovery,
  { checks, signal }: { readonly checks: boolean; readonly signal: AbortSignal },
): Promise<Preview> {
  const prepared = await prepareRecovery(cp, cp.db, request);
  const checked = checks ? await runChecks(cp, prepared.recovery, signal) : [];
  return { ...prepared, findings: [...prepared.problems, ...checked] };
}
