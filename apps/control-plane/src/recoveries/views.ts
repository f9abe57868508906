import type { ApiRecovery, ApiRecoveryPreview, ApiStep } from "@muster/protocol";
import {
  achieved,
  allSteps,
  type CheckFinding,
  movesOf,
  type Plan,
  type RecoveryPlan,
  type Run,
  type StepPlan,
  type StepRun,
  tierName,
} from "@muster/recovery";
import type { Tx } from "../context.ts";
import { planVersion } from "../plans/store.ts";
import type { RecoveryRow } from "./store.ts";
import { stepTitle } from "./titles.ts";

/** A recovery that nobody has started. */
export function previewView(
  plan: Plan,
  recovery: RecoveryPlan,
  { hash, findings }: { readonly hash: string; readonly findings: readonly CheckFinding[] },
): ApiRecoveryPreview {
  return {
    ...planView(plan, recovery),
    hash,
    findings: [...findings],
    steps: recovery.steps.map((step) => stepView(recovery, step, { id: step.id, state: "pending", attempt: 0 })),
  };
}

/** A recovery as the API shows it, with the names of the plan that it was made from. */
export async function recoveryView(tx: Tx, row: RecoveryRow): Promise<ApiRecovery> {
  const { run } = row;
  const stored = await planVersion(tx, run.plan.planName, run.plan.planVersion);
  const { startedAt, finishedAt, failureAt, deadlineAt, approval } = run;
  return {
    ...planView(stored?.model, run.plan),
    id: run.id,
    revision: row.revision,
    state: run.state,
    hash: run.hash,
    findings: [...run.findings],
    steps: allSteps(run).map((step) =>
      stepView(run.plan, step, run.steps[step.id] ?? { id: step.id, state: "pending", attempt: 0 }),
    ),
    createdAt: instant(run.createdAt),
    createdBy: run.createdBy,
    ...(startedAt === undefined ? {} : { startedAt: instant(startedAt) }),
    ...(finishedAt === undefined ? {} : { finishedAt: instant(finishedAt) }),
    ...(failureAt === undefined ? {} : { failureAt: instant(failureAt) }),
    ...(deadlineAt === undefined ? {} : { deadlineAt: instant(deadlineAt) }),
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(approval === undefined ? {} : { approval: { by: approval.by, at: instant(approval.at) } }),
    aside: run.aside,
    achieved: achievedView(run),
  };
}

function planView(
  plan: Plan | undefined,
  recovery: RecoveryPlan,
): Omit<ApiRecoveryPreview, "hash" | "findings" | "steps"> {
  const tiers = [...new Set(recovery.steps.map(({ tier }) => tier))].sort((a, b) => a - b);
  const { planName: name, planVersion: version, planHash, target, objectives, forecast } = recovery;
  return {
    plan: { name, version, hash: planHash },
    ...(recovery.scenario === undefined ? {} : { scenario: recovery.scenario }),
    mode: recovery.mode,
    target: target === "latest" ? target : instant(target),
    needsApproval: recovery.needsApproval,
    objectives: { rtoMs: objectives.rto, rpoMs: objectives.rpo },
    tiers: tiers.map((tier) => ({ tier, name: plan === undefined ? `Tier ${tier}` : tierName(plan, tier) })),
    sources: recovery.sources.map(({ distance, takenAt, ...source }) => ({
      ...source,
      takenAt: instant(takenAt),
      distanceMs: distance,
    })),
    spreadMs: recovery.spread,
    moves: movesOf(recovery),
    criticalPath: [...recovery.criticalPath],
    ...(forecast === undefined ? {} : { forecastMs: forecast }),
    ...(recovery.deadline === undefined ? {} : { deadlineMs: recovery.deadline }),
  };
}

function stepView(plan: RecoveryPlan, step: StepPlan, state: StepRun): ApiStep {
  const { startedAt, finishedAt, progress, error, result, skipped } = state;
  const { id, service, tier, phase, host, forecast } = step;
  return {
    ...{ id, service, tier, phase, host },
    kind: step.work.kind,
    title: stepTitle(step),
    after: [...step.after],
    critical: plan.criticalPath.includes(id),
    ...(forecast === undefined ? {} : { forecastMs: forecast }),
    state: state.state,
    attempt: state.attempt,
    ...(startedAt === undefined ? {} : { startedAt: instant(startedAt) }),
    ...(finishedAt === undefined ? {} : { finishedAt: instant(finishedAt) }),
    ...(progress === undefined ? {} : { progress }),
    ...(error === undefined ? {} : { error }),
    ...(result === undefined ? {} : { result: { ...result } }),
    ...(skipped === undefined ? {} : { skipped }),
  };
}

function achievedView(run: Run): NonNullable<ApiRecovery["achieved"]> {
  const { rto, rpo, spread, tiers } = achieved(run);
  return {
    ...{ rtoMs: rto, rpoMs: rpo, spreadMs: spread },
    tiers: tiers.map(({ tier, rto: tierRto }) => ({ tier, rtoMs: tierRto })),
  };
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
