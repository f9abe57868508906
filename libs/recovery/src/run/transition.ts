import { advance, cancelSteps, isFinishingAside, isStopping, isUnderWay } from "./advance.ts";
import { onAccept, onRollBack } from "./aside.ts";
import { withDeadline } from "./deadline.ts";
import type { Effect, RunEvent, Transition } from "./events.ts";
import type { CheckFinding, Run } from "./model.ts";
import { onStepEvent } from "./step-events.ts";
import { findStep, mapSteps, stepRun, withStep } from "./steps.ts";

/**
 * The one function that changes the state of a run. Pure and total: an event that does not fit is refused and changes nothing,
 * and a repeated one changes nothing more. The caller stores the run and its effects together, then carries out the effects.
 *
 * | state | events that lead on |
 * |---|---|
 * | draft | check → checking; cancel → cancelled |
 * | checking | checked → awaiting_approval, running, or failed; cancel → cancelled |
 * | awaiting_approval | approve → running; cancel → cancelled |
 * | running, verifying | step events; pause → paused; cancel → (when nothing is in hand) cancelled; deadline → (likewise) timed_out; ends as succeeded, completed_with_exceptions or failed |
 * | paused | step events of what is in hand; resume → running; cancel, deadline |
 * | failed | retry, skip → running; rollBack → rolled_back; in its checks: check → checking |
 * | succeeded, completed_with_exceptions | accept; rollBack → rolled_back |
 * | cancelled, timed_out | rollBack → rolled_back |
 * | rolled_back | – |
 *
 * A run fails when nothing is in hand any more, a step has failed and everything else waits for it: one failed step stops its
 * dependents, and with them the later tiers, but no independent branch. A step:
 *
 * | state | events that lead on |
 * |---|---|
 * | pending | all it waits for succeeded or was skipped → dispatched; skip; the run is cancelled → cancelled |
 * | dispatched, running | started, progress → running; succeeded; failed → dispatched again (retryable, attempts left) or failed; silent → unknown |
 * | unknown | answered → running; started, progress, succeeded, failed as above; skip |
 * | failed | retry → pending; skip |
 * | succeeded, skipped, cancelled | – |
 */
export function transition(run: Run, event: RunEvent, now: number): Transition {
  switch (event.type) {
    case "check":
      return onCheck(run);
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
    case "deadline":
      return onDeadline(run, now);
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

/** Whoever has mended what the checks found has them made again; the caller claims the targets again first. */
function onCheck(run: Run): Transition {
  const again = run.state === "failed" && run.startedAt === undefined;
  if (run.state !== "draft" && !again) return refuse(run, "it has been checked");
  return { run: { ...run, state: "checking", findings: [], finishedAt: undefined }, effects: [{ type: "check" }] };
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
  return advance(withDeadline({ ...run, state: "running", startedAt: now }, now), now);
}

function onHost(run: Run, host: string, from: readonly string[], to: "unknown" | "running"): Run {
  return mapSteps(run, (step, { state }) => (step.host === host && from.includes(state) ? { state: to } : undefined));
}

function onCancel(run: Run, event: Extract<RunEvent, { type: "cancel" }>, now: number): Transition {
  const early = run.state === "draft" || run.state === "checking" || run.state === "awaiting_approval";
  if (!early && !isUnderWay(run) && run.state !== "paused") return refuse(run, "it has ended");
  if (run.cancelledBy !== undefined) return { run, effects: [] };
  const { run: stopped, effects } = cancelSteps({ ...run, cancelledBy: event.by, reason: event.reason ?? run.reason });
  if (!early) return advance(stopped, now, effects);
  return {
    run: { ...stopped, state: "cancelled", finishedAt: now },
    effects: [...effects, { type: "releaseTargets" }],
  };
}

function onDeadline(run: Run, now: number): Transition {
  if (!isUnderWay(run) && run.state !== "paused") return refuse(run, "its deadline has no meaning any more");
  if (isStopping(run)) return { run, effects: [] };
  const { run: stopped, effects } = cancelSteps({ ...run, timedOut: true });
  return advance(stopped, now, effects);
}

/** A failed step may be tried again; a run that failed for it goes on. The caller claims the targets again first. */
function onRetry(run: Run, id: string, now: number): Transition {
  if (findStep(run, id) === undefined) return missing(run, id);
  const { state } = stepRun(run, id);
  if (state !== "failed" || !mayResume(run, id))
    return refuse(run, `only a failed step can be retried; ${id} is ${state}`);
  return advance(resumed(withStep(run, id, { state: "pending", error: undefined, finishedAt: undefined }), now), now);
}

/**
 * A step that a person takes responsibility for: pending or failed, or unknown because its host is lost. If that host comes back
 * after all, its agent is told to stop, and what it says of the step changes nothing any more.
 */
function onSkip(run: Run, event: Extract<RunEvent, { type: "skip" }>, now: number): Transition {
  const step = findStep(run, event.step);
  if (step === undefined) return missing(run, event.step);
  const { state, attempt } = stepRun(run, event.step);
  const open = state === "pending" || state === "failed" || state === "unknown";
  if (!open || !mayResume(run, event.step))
    return refuse(run, `only a pending, failed or unknown step can be skipped; ${event.step} is ${state}`);
  const skipped = { by: event.by, reason: event.reason };
  const effects: Effect[] =
    state === "unknown" ? [{ type: "cancelStep", step: step.id, attempt, host: step.host }] : [];
  return advance(resumed(withStep(run, event.step, { state: "skipped", skipped, finishedAt: now }), now), now, effects);
}

/** The steps of the recovery until it has ended otherwise than by failure; those of accepting or rolling back while these last. */
function mayResume(run: Run, step: string): boolean {
  const isAside = run.asideSteps?.some(({ id }) => id === step) ?? false;
  if (isFinishingAside(run) || isAside) return isFinishingAside(run) && isAside;
  return isUnderWay(run) || run.state === "paused" || (run.state === "failed" && run.startedAt !== undefined);
}

function resumed(run: Run, now: number): Run {
  if (isFinishingAside(run) || run.state !== "failed") return run;
  return withDeadline({ ...run, state: "running", finishedAt: undefined, aside: "none" }, now);
}

function missing(run: Run, id: string): Transition {
  return { run, effects: [], refused: { code: "not-found", message: `the run has no step ${id}` } };
}

function refuse(run: Run, message: string): Transition {
  return { run, effects: [], refused: { code: "conflict", message: `recovery ${run.id} is ${run.state}: ${message}` } };
}
