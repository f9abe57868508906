import { advance, cancelSteps, isFinishingAside } from "./advance.ts";
import { onAccept, onRollBack } from "./aside.ts";
import type { RunEvent, Transition } from "./events.ts";
import type { CheckFinding, Run } from "./model.ts";
import { onStepEvent } from "./step-events.ts";
import { findStep, isLive, mapSteps, stepRun, withStep } from "./steps.ts";

/**
 * The one function that changes the state of a run. Pure and total: an event that does not fit is refused and changes nothing,
 * and a repeated one changes nothing more. The caller stores the run and its effects together, then carries out the effects.
 *
 * | state | events that lead on |
 * |---|---|
 * | draft | check → checking; cancel → cancelled |
 * | checking | checked → awaiting_approval, running, or failed; cancel → cancelled |
 * | awaiting_approval | approve → running; cancel → cancelled |
 * | running, verifying | step events; pause → paused; cancel; ends as succeeded, completed_with_exceptions or failed |
 * | paused | step events of what is in hand; resume → running; cancel |
 * | failed | retry, skip → running; rollBack |
 * | succeeded, completed_with_exceptions | accept, rollBack |
 * | cancelled | rollBack |
 * | rolled_back | – |
 */
export function transition(run: Run, event: RunEvent, now: number): Transition {
  switch (event.type) {
    case "check":
      return run.state === "draft"
        ? { run: { ...run, state: "checking" }, effects: [{ type: "check" }] }
        : refuse(run, "it has been checked");
    case "checked":
      return onChecked(run, event.findings, now);
    case "approve":
      return onApprove(run, event, now);
    case "started":
    case "progress":
    case "succeeded":
    case "failed":
      return onStepEvent(run, event, now);
    case "silent":
      return { run: onHost(run, event.host, ["dispatched", "running"], "unknown"), effects: [] };
    case "answered":
      return { run: onHost(run, event.host, ["unknown"], "running"), effects: [] };
    case "pause":
      return isUnderWay(run)
        ? { run: { ...run, state: "paused" }, effects: [] }
        : refuse(run, "only a running recovery can be paused");
    case "resume":
      return run.state === "paused" ? advance({ ...run, state: "running" }, now) : refuse(run, "it is not paused");
    case "cancel":
      return onCancel(run, event, now);
    case "retry":
      return onRetry(run, event.step, now);
    case "skip":
      return onSkip(run, event, now);
    case "accept":
      return onAccept(run, now);
    case "rollBack":
      return onRollBack(run, now);
  }
}

function onChecked(run: Run, findings: readonly CheckFinding[], now: number): Transition {
  if (run.state !== "checking") return { run, effects: [] };
  const checked = { ...run, findings };
  if (findings.some(({ severity }) => severity === "error")) {
    return { run: { ...checked, state: "failed", finishedAt: now }, effects: [{ type: "releaseTargets" }] };
  }
  return run.plan.needsApproval
    ? { run: { ...checked, state: "awaiting_approval" }, effects: [] }
    : begin(checked, now);
}

function onApprove(run: Run, event: Extract<RunEvent, { type: "approve" }>, now: number): Transition {
  if (run.state !== "awaiting_approval") return refuse(run, "it does not wait for an approval");
  if (event.hash !== run.hash) {
    return {
      run,
      effects: [],
      refused: { code: "approval-void", message: "the approval is for another plan or target than this recovery's" },
    };
  }
  return begin({ ...run, approval: { by: event.by, at: now, hash: event.hash } }, now);
}

function begin(run: Run, now: number): Transition {
  return advance({ ...run, state: "running", startedAt: now }, now);
}

function onHost(run: Run, host: string, from: readonly string[], to: "unknown" | "running"): Run {
  return mapSteps(run, (step, { state }) => (step.host === host && from.includes(state) ? { state: to } : undefined));
}

function onCancel(run: Run, event: Extract<RunEvent, { type: "cancel" }>, now: number): Transition {
  const early = run.state === "draft" || run.state === "checking" || run.state === "awaiting_approval";
  if (!early && !isUnderWay(run) && run.state !== "paused") return refuse(run, "it has ended");
  if (run.cancelledBy !== undefined) return { run, effects: [] };
  const marked: Run = { ...run, cancelledBy: event.by, reason: event.reason ?? run.reason };
  const { run: stopped, effects } = cancelSteps(marked);
  if (early)
    return {
      run: { ...stopped, state: "cancelled", finishedAt: now },
      effects: [...effects, { type: "releaseTargets" }],
    };
  return advance(stopped, now, effects);
}

/** A failed step may be tried again; a run that failed for it goes on. The caller claims the targets again first. */
function onRetry(run: Run, id: string, now: number): Transition {
  const step = findStep(run, id);
  if (step === undefined) return missing(run, id);
  const { state } = stepRun(run, id);
  if (state !== "failed" || !mayResume(run))
    return refuse(run, `step ${id} is ${state} in a run that is ${run.state}; only a failed step can be retried`);
  return advance(resumed(withStep(run, id, { state: "pending", error: undefined, finishedAt: undefined })), now);
}

function onSkip(run: Run, event: Extract<RunEvent, { type: "skip" }>, now: number): Transition {
  if (findStep(run, event.step) === undefined) return missing(run, event.step);
  const { state } = stepRun(run, event.step);
  if (isLive(state) || state === "succeeded" || state === "skipped" || !mayResume(run)) {
    return refuse(
      run,
      `step ${event.step} is ${state} in a run that is ${run.state}; only a pending or failed step can be skipped`,
    );
  }
  const skipped = { by: event.by, reason: event.reason };
  return advance(resumed(withStep(run, event.step, { state: "skipped", skipped, finishedAt: now })), now);
}

function mayResume(run: Run): boolean {
  return (
    isUnderWay(run) ||
    run.state === "paused" ||
    isFinishingAside(run) ||
    (run.state === "failed" && run.startedAt !== undefined)
  );
}

function resumed(run: Run): Run {
  if (isFinishingAside(run) || run.state !== "failed") return run;
  return { ...run, state: "running", finishedAt: undefined, aside: "none" };
}

function isUnderWay(run: Run): boolean {
  return run.state === "running" || run.state === "verifying";
}

function missing(run: Run, id: string): Transition {
  return { run, effects: [], refused: { code: "not-found", message: `the run has no step ${id}` } };
}

function refuse(run: Run, message: string): Transition {
  return { run, effects: [], refused: { code: "conflict", message: `recovery ${run.id} is ${run.state}: ${message}` } };
}
