import { advance, isMoving, isStopping } from "./advance.ts";
import type { RunEvent, Transition } from "./events.ts";
import type { Run, StepPlan } from "./model.ts";
import { findStep, isLive, stepRun, withStep } from "./steps.ts";

type StepEvent = Extract<RunEvent, { type: "started" | "progress" | "succeeded" | "failed" }>;

/** Attempts that are made without asking anybody, by kind of work. A gate has waited long enough when it fails. */
const automaticAttempts = { restore: 3, action: 2, aside: 2, gate: 1 } as const;

/** What an agent says of a step. Late words of an older attempt, and repeats, change nothing. */
export function onStepEvent(run: Run, event: StepEvent, now: number): Transition {
  const step = findStep(run, event.step);
  if (step === undefined)
    return { run, effects: [], refused: { code: "not-found", message: `the run has no step ${event.step}` } };
  const current = stepRun(run, event.step);
  if (event.attempt !== current.attempt || !isLive(current.state)) return { run, effects: [] };
  switch (event.type) {
    case "started":
      return {
        run: withStep(run, step.id, { state: "running", startedAt: current.startedAt ?? event.at }),
        effects: [],
      };
    case "progress":
      return { run: withStep(run, step.id, { state: "running", progress: event.progress }), effects: [] };
    case "succeeded":
      return advance(
        withStep(run, step.id, { state: "succeeded", finishedAt: event.at, result: event.result, error: undefined }),
        now,
      );
    case "failed":
      return onFailure(run, step, event, now);
  }
}

function onFailure(run: Run, step: StepPlan, event: Extract<StepEvent, { type: "failed" }>, now: number): Transition {
  const finished = { finishedAt: event.at, error: event.error };
  if (step.work.kind === "aside" && event.error.code === "aside-missing") {
    const result = { note: "nothing lay aside" };
    return advance(withStep(run, step.id, { state: "succeeded", finishedAt: event.at, result }), now);
  }
  if (event.error.code === "cancelled" && isStopping(run) && step.work.kind !== "aside")
    return advance(withStep(run, step.id, { state: "cancelled", ...finished }), now);
  const again = event.error.retryable === true && event.attempt < automaticAttempts[step.work.kind];
  if (again && (step.work.kind === "aside" || isMoving(run))) return retryLater(run, step, event, now);
  // What may be tried again waits for the end of a pause.
  const state = again && run.state === "paused" && !isStopping(run) ? "pending" : "failed";
  return advance(withStep(run, step.id, { state, ...finished }), now);
}

/** The next attempt, after a wait that doubles: 2 s, 4 s. */
function retryLater(run: Run, step: StepPlan, event: Extract<StepEvent, { type: "failed" }>, now: number): Transition {
  const attempt = event.attempt + 1;
  const notBefore = now + 1000 * 2 ** event.attempt;
  const retried = withStep(run, step.id, { state: "dispatched", attempt, error: event.error, progress: undefined });
  return {
    run: retried,
    effects: [{ type: "dispatch", step: step.id, attempt, host: step.host, work: step.work, notBefore }],
  };
}
