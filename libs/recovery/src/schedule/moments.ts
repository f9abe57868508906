import { Cron } from "croner";
import { parseSchedule, type Schedule } from "./schedule.ts";

/** The text parsed, unless it has been. */
export function toSchedule(schedule: Schedule | string): Schedule {
  return typeof schedule === "string" ? parseSchedule(schedule) : schedule;
}

/** Gives the first moment of a schedule after another, in ms since the epoch, without jitter; Infinity when there is none. */
export type Moments = (after: number) => number;

/**
 * The moments of a schedule in a time zone. Steps (`every`) count from the epoch. In the hour that daylight saving skips or
 * repeats a daily run happens exactly once and an hourly one every hour: croner moves a skipped moment on, and repeats one only
 * for an hour that is a wildcard.
 */
export function momentsOf(schedule: Schedule | string, timezone: string): Moments {
  const parsed = toSchedule(schedule);
  if (parsed.kind === "every") return (after) => (Math.floor(after / parsed.interval) + 1) * parsed.interval;
  const cron = new Cron(parsed.expression, { timezone, paused: true });
  return (after) =>
    Number.isFinite(after) ? (cron.nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY) : after;
}

/** The moments of several schedules together. */
export function united(moments: readonly Moments[]): Moments {
  return (after) => Math.min(...moments.map((next) => next(after)));
}
