import type { Clock } from "../clock.ts";

export interface ManualClock extends Clock {
  /** Moves the time on by so many milliseconds. */
  advance(milliseconds: number): void;
  set(time: number): void;
}

/** A clock that moves only when told. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let time = start;
  return {
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
    },
    set: (value) => {
      time = value;
    },
  };
}
export { waitFor } from "./wait-for.ts";
