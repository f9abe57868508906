import type { Effect, Transition } from "./events.ts";
import type { Run, StepPlan } from "./model.ts";
import { allSteps, isDone, isLive, mapSteps, stepRun, withStep } from "./steps.ts";

/** Dispatches what may start now, then sees whether the run, or the work on what was kept aside, has come to an end. */
export function advance(run: Run, now: number, effects: readonly Effect[] = []): Transition {
  const dispatched = dispatchReady(run);
  return settle(dispatched.run, now, [...effects, ...dispatched.effects]);
}

function dispatchReady(run: Run): { run: Run; effects: Effect[] } {
  let current = run;
  const effects: Effect[] = [];
  const busy = new Map<string, number>();
  for (const step of allSteps(run))
    if (isLive(stepRun(run, step.id).state)) busy.set(step.host, (busy.get(step.host) ?? 0) + 1);
  for (const step of startable(run)) {
    const load = busy.get(step.host) ?? 0;
    if (load >= run.plan.stepsPerHost) continue;
    busy.set(step.host, load + 1);
    const attempt = stepRun(current, step.id).attempt + 1;
    current = withStep(current, step.id, { state: "dispatched", attempt, error: undefined, progress: undefined });
    effects.push({ type: "dispatch", step: step.id, attempt, host: step.host, work: step.work });
  }
  return { run: current, effects };
}

/** Pending steps that need wait for nothing any more, of the part of the run that is being carried out. */
function startable(run: Run): readonly StepPlan[] {
  const steps = isMoving(run) ? run.plan.steps : isFinishingAside(run) ? (run.asideSteps ?? []) : [];
  const passed = passedSteps(run, steps);
  return steps.filter(
    ({ id, after }) => stepRun(run, id).state === "pending" && after.every((other) => passed.has(other)),
  );
}

/**
 * The steps that hold up nobody: succeeded, or skipped after everything before them has passed. Who skips a step ahead of its turn
 * does not skip what it was to wait for. The steps stand in an order in which each comes after those it waits for.
 */
function passedSteps(run: Run, steps: readonly StepPlan[]): Set<string> {
  const passed = new Set<string>();
  for (const { id, after } of steps) {
    const { state } = stepRun(run, id);
    if (state === "succeeded" || (state === "skipped" && after.every((other) => passed.has(other)))) passed.add(id);
  }
  return passed;
}

export function isMoving(run: Run): boolean {
  return isUnderWay(run) && !isStopping(run);
}

export function isUnderWay(run: Run): boolean {
  return run.state === "running" || run.state === "verifying";
}

/** Cancelled or out of time: nothing new starts, and the run ends with the steps in hand. */
export function isStopping(run: Run): boolean {
  return run.cancelledBy !== undefined || run.timedOut === true;
}

export function isFinishingAside(run: Run): boolean {
  return run.aside === "accepting" || run.aside === "rolling_back";
}

function settle(run: Run, now: number, effects: readonly Effect[]): Transition {
  if (isFinishingAside(run)) return settleAside(run, now, effects);
  if (!isUnderWay(run) && run.state !== "paused") return { run, effects };
  const states = run.plan.steps.map((step) => ({ step, state: stepRun(run, step.id).state }));
  if (states.some(({ state }) => isLive(state))) return { run: { ...run, state: phaseOf(run, states) }, effects };
  if (isStopping(run)) return end(run, run.timedOut === true ? "timed_out" : "cancelled", now, effects);
  if (states.every(({ state }) => isDone(state))) {
    return end(
      run,
      states.some(({ state }) => state === "skipped") ? "completed_with_exceptions" : "succeeded",
      now,
      effects,
    );
  }
  if (run.state !== "paused" && states.some(({ state }) => state === "failed")) return end(run, "failed", now, effects);
  return { run: { ...run, state: phaseOf(run, states) }, effects };
}

/** "verifying" while only gates and what follows them are left. */
function phaseOf(run: Run, states: readonly { step: StepPlan; state: string }[]): Run["state"] {
  if (run.state === "paused") return "paused";
  const open = states.filter(({ state }) => state !== "succeeded" && state !== "skipped");
  return open.length > 0 && open.every(({ step }) => step.phase === "gate") ? "verifying" : "running";
}

function end(run: Run, state: Run["state"], now: number, effects: readonly Effect[]): Transition {
  return {
    run: { ...run, state, finishedAt: now, aside: keepsAside(run) ? "kept" : "none" },
    effects: [...effects, { type: "releaseTargets" }],
  };
}

/** Something may lie aside: a restore said so, or broke off before it could say. */
function keepsAside(run: Run): boolean {
  return run.plan.steps.some((step) => step.work.kind === "restore" && mayLieAside(run, step.id));
}

export function mayLieAside(run: Run, id: string): boolean {
  const { state, attempt, result, error } = stepRun(run, id);
  if (state === "succeeded") return typeof result?.asideId === "string" && result.asideId !== "";
  const saidUntouched = (state === "failed" || state === "cancelled") && error?.details?.restore === "untouched";
  return attempt > 0 && !saidUntouched;
}

function settleAside(run: Run, now: number, effects: readonly Effect[]): Transition {
  const states = (run.asideSteps ?? []).map((step) => stepRun(run, step.id).state);
  if (!states.every(isDone)) return { run, effects };
  const done: Run =
    run.aside === "accepting"
      ? { ...run, aside: "accepted" }
      : { ...run, aside: "rolled_back", state: "rolled_back", finishedAt: now };
  return { run: done, effects: [...effects, { type: "releaseTargets" }] };
}

/** Marks what was never started as cancelled and asks the agents to stop what is in hand. */
export function cancelSteps(run: Run): { run: Run; effects: Effect[] } {
  const effects: Effect[] = run.plan.steps.flatMap((step) => {
    const { state, attempt } = stepRun(run, step.id);
    return isLive(state) ? [{ type: "cancelStep" as const, step: step.id, attempt, host: step.host }] : [];
  });
  return {
    run: mapSteps(run, (_, { state }) =>
      state === "pending" || state === "ready" ? { state: "cancelled" } : undefined,
    ),
    effects,
  };
}
