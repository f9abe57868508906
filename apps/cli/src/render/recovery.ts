import { formatDuration } from "@muster/core";
import type { ApiRecovery, ApiStep } from "@muster/protocol";
import { bar, progressText } from "./progress.ts";
import { isDone, type StepGroup, stepGroups } from "./step-groups.ts";
import type { Style } from "./style.ts";
import { duration } from "./time.ts";

interface Context {
  readonly style: Style;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * A recovery under way: a line of totals, a line for each group, and the steps of every group that has begun and is not done.
 * The critical path is marked, since only on it does time count.
 */
export function recoveryLines(recovery: ApiRecovery, context: Context): string[] {
  return [headLine(recovery, context), ...stepGroups(recovery).flatMap((group) => groupLines(group, context))];
}

function headLine(
  { id, mode, state, steps, startedAt, finishedAt, forecastMs, objectives }: ApiRecovery,
  { style, now }: Context,
): string {
  const own = steps.filter(({ id: step }) => !/^(accept|rollback)\//.test(step));
  const share = own.length === 0 ? 0 : own.filter(isDone).length / own.length;
  const end = finishedAt === undefined ? now : Date.parse(finishedAt);
  const elapsed = startedAt === undefined ? undefined : Math.max(0, end - Date.parse(startedAt));
  const late = elapsed !== undefined && objectives.rtoMs !== undefined && elapsed > objectives.rtoMs;
  const facts = [
    state.replaceAll("_", " "),
    ...(elapsed === undefined ? [] : [late ? style.bad(formatDuration(elapsed)) : formatDuration(elapsed)]),
    ...(forecastMs === undefined ? [] : [`forecast ${formatDuration(forecastMs)}`]),
    ...(objectives.rtoMs === undefined ? [] : [`RTO ${formatDuration(objectives.rtoMs)}`]),
  ];
  return `${style.bold(`${mode === "drill" ? "DRILL" : "RECOVERY"} ${id}`)}  ${bar(share, style, 20)}  ${facts.join(" · ")}`;
}

function groupLines({ title, steps }: StepGroup, context: Context): string[] {
  const { style } = context;
  const done = steps.filter(isDone).length;
  const begun = steps.some(({ attempt, state }) => attempt > 0 || state === "skipped");
  const count = `${done} of ${steps.length}`;
  if (done === steps.length)
    return [`${style.good("✓")} ${style.bold(title)}  ${style.dim(`${count}${tookText(steps)}`)}`];
  if (!begun)
    return [`${style.dim("·")} ${style.dim(`${title}  ${steps.length} ${steps.length === 1 ? "step" : "steps"}`)}`];
  const width = Math.max(...steps.map((step) => step.title.length));
  return [
    `${style.accent("▸")} ${style.bold(title)}  ${count}`,
    ...steps.map((step) => stepLine(step, width, context)),
  ];
}

function stepLine(step: ApiStep, width: number, { style, now }: Context): string {
  const { state, startedAt, finishedAt, forecastMs, attempt } = step;
  const took =
    startedAt === undefined
      ? undefined
      : (finishedAt === undefined ? now : Date.parse(finishedAt)) - Date.parse(startedAt);
  const time =
    state === "running" && forecastMs !== undefined ? `${duration(took)} / ${duration(forecastMs)}` : duration(took);
  const parts = [
    `  ${signOf(step, style)} ${step.critical ? style.accent("◆") : " "} ${step.title.padEnd(width)}`,
    step.host,
    ...(took === undefined ? [] : [style.dim(time)]),
    ...(attempt > 1 ? [style.warn(`attempt ${attempt}`)] : []),
    ...(state === "running" ? [progressText(step.progress, style)] : []),
    remarkOf(step, style),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function signOf({ state }: ApiStep, style: Style): string {
  switch (state) {
    case "succeeded":
      return style.good("✓");
    case "failed":
      return style.bad("✗");
    case "skipped":
    case "cancelled":
      return style.warn("–");
    case "unknown":
      return style.warn("?");
    case "running":
    case "dispatched":
      return style.accent("▸");
    case "pending":
    case "ready":
      return style.dim("·");
  }
}

function remarkOf({ state, error, skipped, host }: ApiStep, style: Style): string {
  if (state === "unknown") return style.warn(`${host} is silent; its work is not given up`);
  if (state === "cancelled") return style.warn("cancelled");
  if (skipped !== undefined) return style.warn(`skipped by ${skipped.by}: ${skipped.reason}`);
  if (state === "failed" || (error !== undefined && state === "dispatched"))
    return style.bad(error?.message ?? "failed");
  return "";
}

/** From the first start to the last end. */
function tookText(steps: readonly ApiStep[]): string {
  const starts = steps.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [Date.parse(startedAt)]));
  const ends = steps.flatMap(({ finishedAt }) => (finishedAt === undefined ? [] : [Date.parse(finishedAt)]));
  if (starts.length === 0 || ends.length === 0) return "";
  return ` in ${formatDuration(Math.max(0, Math.max(...ends) - Math.min(...starts)))}`;
}
