import { isStopping, isUnderWay } from "./advance.ts";
import type { Run } from "./model.ts";

/** The run with its deadline counted from now, when its plan has one: it starts, or goes on after it had failed. */
export function withDeadline(run: Run, now: number): Run {
  const { deadline } = run.plan;
  return deadline === undefined ? run : { ...run, deadlineAt: now + deadline };
}

/** Whether a run that is being carried out, or is paused, has passed its deadline and was not told so yet. */
export function isOverdue(run: Run, now: number): boolean {
  if (run.deadlineAt === undefined || now < run.deadlineAt || isStopping(run)) return false;
  return isUnderWay(run) || run.state === "paused";
}
