import { Cron } from "croner";
import { parseSchedule, type Schedule } from "./schedule.ts";

export interface Timing {
  readonly schedule: Schedule | string;
  /** IANA name. */
  readonly timezone: string;
  /** Names the source: spreads the jitter, always the same for one source and moment. */
  readonly seed: string;
  /** Milliseconds within which a run starts after its due moment. */
  readonly jitter?: number | undefined;
}

/**
 * The first moment after `after` (both in ms since the epoch) at which a run is due. In the hour that daylight saving skips or
 * repeats there is exactly one run: croner moves a skipped moment on and does not repeat one.
 */
export function nextDue(
  schedule: Schedule | string,
  timezone: string,
  after: number,
  seed: string,
  jitter = 0,
): number {
  // A due moment before `after` may land after it by its jitter, so the search starts that much earlier.
  let moment = nextMoment(toSchedule(schedule), timezone, after - jitter - 1);
  for (;;) {
    const due = moment + jitterOf(seed, moment, jitter);
    if (due > after) return due;
    moment = nextMoment(toSchedule(schedule), timezone, moment);
  }
}

/** The due times after `from`, until a moment (inclusive) or a count is reached. */
export function dueTimes(timing: Timing, range: { from: number; until?: number; count?: number }): number[] {
  const times: number[] = [];
  const { until = Number.POSITIVE_INFINITY, count = 10_000 } = range;
  let after = range.from;
  while (times.length < count) {
    const due = nextDue(timing.schedule, timing.timezone, after, timing.seed, timing.jitter);
    if (due > until) break;
    times.push(due);
    after = due;
  }
  return times;
}

/**
 * The latest run that should have happened after `lastDueAt` and did not, if it is no older than `catchUp` (default: the gap to
 * the run after it). One, however many were missed: catching up is not a storm.
 */
export function missedRun(
  timing: Timing,
  state: { lastDueAt: number; now: number; catchUp?: number | undefined },
): number | undefined {
  const window = state.catchUp ?? scheduleInterval(timing.schedule, timing.timezone);
  const from = Math.max(state.lastDueAt, state.now - window - 1);
  return dueTimes(timing, { from, until: state.now }).at(-1);
}

/** The longest gap between two due moments, in ms: the interval that the RPO must cover. Looks at the two years after 2026-01-01. */
export function scheduleInterval(schedule: Schedule | string, timezone: string): number {
  const parsed = toSchedule(schedule);
  if (parsed.kind === "every") return parsed.interval;
  const start = Date.UTC(2026, 0, 1);
  let longest = 0;
  let before = nextMoment(parsed, timezone, start);
  for (let count = 0; count < 800 && before < start + 2 * 366 * 86_400_000; count++) {
    const after = nextMoment(parsed, timezone, before);
    longest = Math.max(longest, after - before);
    before = after;
  }
  return longest;
}

function toSchedule(schedule: Schedule | string): Schedule {
  return typeof schedule === "string" ? parseSchedule(schedule) : schedule;
}

function nextMoment(schedule: Schedule, timezone: string, after: number): number {
  if (schedule.kind === "every") return (Math.floor(after / schedule.interval) + 1) * schedule.interval;
  const next = new Cron(schedule.expression, { timezone, paused: true }).nextRun(new Date(after));
  return next === null ? Number.POSITIVE_INFINITY : next.getTime();
}

/** FNV-1a over the seed and the moment, as a fraction of the jitter. */
function jitterOf(seed: string, moment: number, jitter: number): number {
  if (jitter <= 0 || !Number.isFinite(moment)) return 0;
  let hash = 0x811c9dc5;
  for (const character of `${seed}@${moment}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return Math.floor((hash / 2 ** 32) * jitter);
}
