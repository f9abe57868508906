import type { Copying } from "../plan/schema.ts";

/** A time in which something may be done; without an end it may always be done. */
export interface OpenWindow {
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

const day = 86_400_000;
const minute = 60_000;

/**
 * The window of the day that is open at a moment, or undefined when none is. Its end is counted by the clock on the wall as it is now: on a
 * day on which the clock changes it is an hour off.
 */
export function openWindow(
  windows: NonNullable<Copying["windows"]> | undefined,
  timezone: string,
  now: number,
): OpenWindow | undefined {
  if (windows === undefined) return {};
  const at = timeOfDay(now, timezone);
  const left = windows.map(({ from, to }) => {
    const [start, end] = [from * minute, to * minute];
    if (start < end) return at >= start && at < end ? end - at : 0;
    if (at >= start) return day - at + end; // over midnight
    return at < end ? end - at : 0;
  });
  const longest = Math.max(...left);
  return longest > 0 ? { until: now + longest } : undefined;
}

/** Milliseconds since midnight on the wall. */
function timeOfDay(now: number, timezone: string): number {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const [hours = 0, minutes = 0, seconds = 0] = format.format(now).split(":").map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
