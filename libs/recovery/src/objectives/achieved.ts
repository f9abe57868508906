import type { Run } from "../run/model.ts";

export interface Achieved {
  /** Failure (or declaration) → the last step of the last tier, in milliseconds. */
  readonly rto?: number | undefined;
  /** Failure − the oldest moment restored to; 0 when all were restored to later moments. */
  readonly rpo?: number | undefined;
  /** Largest difference between the moments restored to. */
  readonly spread?: number | undefined;
  readonly tiers: readonly { readonly tier: number; readonly rto?: number | undefined }[];
}

/** What a run has measured so far. A tier's time stands only when all its steps ended well. */
export function achieved(run: Run): Achieved {
  const failure = run.failureAt ?? run.createdAt;
  const numbers = [...new Set(run.plan.steps.map((step) => step.tier))].sort((a, b) => a - b);
  const tiers = numbers.map((tier) => ({ tier, rto: tierTime(run, tier, failure) }));
  const times = tiers.map(({ rto }) => rto);
  const complete = times.length > 0 && times.every((time) => time !== undefined);
  const taken = run.plan.sources
    .filter(({ service, source }) => run.steps[`${service}/restore/${source}`]?.state === "succeeded")
    .map(({ takenAt }) => takenAt);
  return {
    rto: complete ? Math.max(...times.map((time) => time ?? 0)) : undefined,
    rpo: taken.length === 0 ? undefined : Math.max(0, failure - Math.min(...taken)),
    spread: taken.length === 0 ? undefined : Math.max(...taken) - Math.min(...taken),
    tiers,
  };
}

function tierTime(run: Run, tier: number, failure: number): number | undefined {
  const steps = run.plan.steps.filter((step) => step.tier === tier).map((step) => run.steps[step.id]);
  if (!steps.every((step) => step?.state === "succeeded" || step?.state === "skipped")) return undefined;
  const finished = steps.flatMap((step) => (step?.finishedAt === undefined ? [] : [step.finishedAt]));
  return finished.length === 0 ? undefined : Math.max(...finished) - failure;
}
