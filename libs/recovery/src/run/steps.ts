import type { Run, StepPlan, StepRun, StepState } from "./model.ts";

/** The plan's steps and those made later for accepting or rolling back. */
export function allSteps(run: Run): readonly StepPlan[] {
  return run.asideSteps === undefined ? run.plan.steps : [...run.plan.steps, ...run.asideSteps];
}

export function findStep(run: Run, id: string): StepPlan | undefined {
  return allSteps(run).find((step) => step.id === id);
}

/** An agent works on it, or may do so. */
export function isLive(state: StepState): boolean {
  return state === "dispatched" || state === "running" || state === "unknown";
}

/** It stands in nobody's way any more. */
export function isDone(state: StepState | undefined): boolean {
  return state === "succeeded" || state === "skipped";
}

export function stepRun(run: Run, id: string): StepRun {
  return run.steps[id] ?? { id, state: "pending", attempt: 0 };
}

/** The run with some fields of one step changed. */
export function withStep(run: Run, id: string, change: Partial<StepRun>): Run {
  return { ...run, steps: { ...run.steps, [id]: { ...stepRun(run, id), ...change } } };
}

/** The run with every step changed for which `change` gives something. */
export function mapSteps(run: Run, change: (step: StepPlan, state: StepRun) => Partial<StepRun> | undefined): Run {
  return allSteps(run).reduce((current, step) => {
    const changed = change(step, stepRun(current, step.id));
    return changed === undefined ? current : withStep(current, step.id, changed);
  }, run);
}
