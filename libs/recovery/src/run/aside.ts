import { advance, mayLieAside } from "./advance.ts";
import { asideIdOf } from "./create.ts";
import type { Transition } from "./events.ts";
import type { Run, StepPlan, StepWork } from "./model.ts";

const ends: ReadonlySet<Run["state"]> = new Set([
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
]);

/** Drops what was kept aside: one step for each restore, in any order. */
export function onAccept(run: Run, now: number): Transition {
  if (run.state !== "succeeded" && run.state !== "completed_with_exceptions")
    return refuse(run, "only a recovery that came to a good end can be accepted");
  if (run.aside !== "kept") return refuse(run, `nothing is kept aside (${run.aside})`);
  const steps = restores(run).map(
    (step): StepPlan => ({
      ...step,
      id: `accept/${step.id}`,
      after: [],
      phase: "restore",
      work: asideWork(run, step.work.source, "accept"),
    }),
  );
  return advance({ ...run, aside: "accepting", asideSteps: steps }, now);
}

/**
 * Puts back what was kept aside, with the same order as the recovery: stop, prepare, put back, start, gate. Made from the steps
 * of the plan that the run is pinned to, so a plan that changed since does not change the way back.
 */
export function onRollBack(run: Run, now: number): Transition {
  if (!ends.has(run.state)) return refuse(run, "cancel the recovery first, or wait for its end");
  if (run.aside !== "kept") return refuse(run, `nothing is kept aside (${run.aside})`);
  const affected = new Set(restores(run).map((step) => step.service));
  const back = new Map(restores(run).map((step) => [step.id, asideWork(run, step.work.source, "roll_back")]));
  const rename = (id: string): string => `rollback/${id}`;
  const steps = run.plan.steps.map((step): StepPlan => {
    const work = back.get(step.id) ?? step.work;
    return { ...step, id: rename(step.id), after: step.after.map(rename), work, forecast: undefined };
  });
  const kept = withoutSteps(steps, (step) => step.work.kind === "restore" || !concerns(run, affected, step.service));
  return advance({ ...run, aside: "rolling_back", asideSteps: kept }, now);
}

/** Services that are put back, and all others of the recovery in their tiers and later: they may depend on them. */
function concerns(run: Run, affected: ReadonlySet<string>, service: string): boolean {
  const first = Math.min(...run.plan.steps.filter((step) => affected.has(step.service)).map((step) => step.tier));
  return affected.has(service) || run.plan.steps.some((step) => step.service === service && step.tier > first);
}

/** Leaves steps out; what came after them comes after what they came after. */
function withoutSteps(steps: readonly StepPlan[], drop: (step: StepPlan) => boolean): StepPlan[] {
  const dropped = new Map(steps.filter(drop).map((step) => [step.id, step.after]));
  const through = (ids: readonly string[]): string[] =>
    ids.flatMap((id) => (dropped.has(id) ? through(dropped.get(id) ?? []) : [id]));
  return steps
    .filter((step) => !dropped.has(step.id))
    .map((step) => ({ ...step, after: [...new Set(through(step.after))] }));
}

type RestoreStep = StepPlan & { readonly work: Extract<StepWork, { kind: "restore" }> };

function restores(run: Run): RestoreStep[] {
  return run.plan.steps.filter(
    (step): step is RestoreStep => step.work.kind === "restore" && mayLieAside(run, step.id),
  );
}

function asideWork(run: Run, source: string, verb: "accept" | "roll_back"): StepWork {
  return { kind: "aside", verb, source, asideId: asideIdOf(run.id, source) };
}

function refuse(run: Run, message: string): Transition {
  return { run, effects: [], refused: { code: "conflict", message } };
}
