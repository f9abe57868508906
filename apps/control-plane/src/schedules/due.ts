import { missedRun, nextDue, type Timing } from "@muster/recovery";
import type { WantedSchedule } from "./sync.ts";

/** A run that starts within this time after its moment (milliseconds) is on time; later it is a catch-up. */
export const onTime = 60_000;

/** The first moment after `after` (both in milliseconds since the epoch) at which a schedule is due, with its jitter. */
export function nextRun(schedule: WantedSchedule, after: number): number {
  const { timezone, seed, jitter } = timingOf(schedule);
  return nextDue(schedule.text, timezone, after, seed, jitter);
}

/**
 * Of all the moments from `firstDueAt` to `now`, the latest, if it is still worth a run: no older than the
 * policy's catch-up window. However many were missed, there is one run.
 */
export function runToMakeUp(schedule: WantedSchedule, firstDueAt: number, now: number): number | undefined {
  const { catchUp } = schedule.policy;
  const window = catchUp === undefined ? undefined : Math.max(catchUp, onTime);
  return missedRun(timingOf(schedule), { lastDueAt: firstDueAt - 1, now, catchUp: window });
}

function timingOf({ text, timezone, service, source, policy }: WantedSchedule): Timing & { seed: string } {
  return { schedule: text, timezone, seed: `${service}/${source}`, jitter: policy.jitter };
}
