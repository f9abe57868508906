import { momentsOf } from "./moments.ts";
import type { Schedule } from "./schedule.ts";

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
 * The first moment after `after` (both in ms since the epoch) at which a run is due, its jitter included; Infinity when the
 * schedule is never due again. In the hour that daylight saving skips or repeats a daily run happens exactly once.
 */
export function nextDue(
  schedule: Schedule | string,
  timezone: string,
  after: number,
  seed: string,
  jitter = 0,
): number {
  const next = momentsOf(schedule, timezone);
  let earliest = Number.POSITIVE_INFINITY;
  // A moment before `after` may be due after it by its jitter, and a later moment may be due before an earlier one.
  for (let moment = next(after - jitter - 1); moment < earliest; moment = next(moment)) {
    const due = moment + jitterOf(seed, moment, jitter);
    if (due > after) earliest = Math.min(earliest, due);
  }
  return earliest;
}

/** The due times after `from`, until a moment (inclusive) or a count (default and most: 10,000) is reached. */
export function dueTimes(timing: Timing, range: { from: number; until?: number; count?: number }): number[] {
  const times: number[] = [];
  const { until = Number.MAX_VALUE, count = 10_000 } = range;
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
 * The latest run that should have happened after `lastDueAt` and did not, if it is no older than `catchUp` (default: however old,
 * which is never more than one interval of the schedule). One, however many were missed: catching up is not a storm.
 */
export function missedRun(
  timing: Timing,
  state: { lastDueAt: number; now: number; catchUp?: number | undefined },
): number | undefined {
  const { now, lastDueAt, catchUp = Number.POSITIVE_INFINITY } = state;
  const earliest = Math.max(lastDueAt, now - catchUp - 1);
  // From the present back in growing steps: after a long silence a frequent schedule has missed more runs than need be counted.
  for (let back = 60_000; ; back *= 4) {
    const from = Math.max(earliest, now - back);
    const latest = latestDue(timing, from, now);
    if (latest !== undefined || from === earliest) return latest;
  }
}

function latestDue(timing: Timing, from: number, now: number): number | undefined {
  let latest: number | undefined;
  const due = (after: number) => nextDue(timing.schedule, timing.timezone, after, timing.seed, timing.jitter);
  for (let moment = due(from); moment <= now; moment = due(moment)) latest = moment;
  return latest;
}

/** FNV-1a over the seed and the moment, mixed once more, as a fraction of the jitter. */
function jitterOf(seed: string, moment: number, jitter: number): number {
  if (jitter <= 0 || !Number.isFinite(moment)) return 0;
  let hash = 0x811c9dc5;
  for (const character of `${seed}@${moment}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  hash = (hash ^ (hash >>> 13)) >>> 0;
  return Math.floor((hash / 2 ** 32) * jitter);
}
