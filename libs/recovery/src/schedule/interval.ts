import { type Moments, momentsOf, united } from "./moments.ts";
import type { Schedule } from "./schedule.ts";

const hour = 3_600_000;
/** A year and more, with both changes of the clocks and a leap day. */
const from = Date.UTC(2027, 8, 1);
const until = Date.UTC(2028, 10, 30);
/** More moments than a day has minutes, so that the nightly pause of a frequent schedule is seen. */
const walked = 1500;
const probeEvery = 6 * hour;

/** The longest gap between two due moments of a schedule, in ms: the interval that the RPO must cover. */
export function scheduleInterval(schedule: Schedule | string, timezone: string): number {
  return longestGap([schedule], timezone);
}

/**
 * The longest gap between two moments of several schedules taken together, in ms; Infinity when they are never due. Walks from
 * moment to moment, then looks every six hours of the rest of a year for a longer gap, such as a weekend.
 */
export function longestGap(schedules: readonly (Schedule | string)[], timezone: string): number {
  const next = united(schedules.map((schedule) => momentsOf(schedule, timezone)));
  let before = next(from);
  if (!Number.isFinite(before)) return Number.POSITIVE_INFINITY;
  let longest = 0;
  for (let count = 0; count < walked && before < until; count++) {
    const after = next(before);
    longest = Math.max(longest, after - before);
    before = after;
  }
  for (let probe = before; probe < until; probe += probeEvery) {
    const end = next(probe);
    if (end - probe > longest) longest = end - startOfGap(next, probe, end);
  }
  return longest;
}

/** The last moment at or before the probe, given the first one after it: by halving, since `next` never goes back. */
function startOfGap(next: Moments, probe: number, end: number): number {
  let late = probe;
  let early = probe - hour;
  for (let step = hour; next(early) === end; step *= 2) {
    late = early;
    early -= step;
  }
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (next(middle) === end) late = middle;
    else early = middle;
  }
  return late;
}
