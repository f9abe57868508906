import type { RecoveryPlan, Run } from "./model.ts";

/** A run before anything has happened: state `draft`, all steps pending. */
export function newRun(input: {
  id: string;
  plan: RecoveryPlan;
  /** SHA-256 of `canonicalJson(plan)`. */
  hash: string;
  createdAt: number;
  createdBy: string;
  failureAt?: number | undefined;
  reason?: string | undefined;
}): Run {
  const steps = Object.fromEntries(
    input.plan.steps.map(({ id }) => [id, { id, state: "pending" as const, attempt: 0 }]),
  );
  return { ...input, state: "draft", steps, findings: [], aside: "none" };
}

/** Names what a restore step moves aside: the same for every attempt, so that a repeat finds it. */
export function asideIdOf(runId: string, source: string): string {
  return `${runId}-${source}`;
}
