import type { ProbeChangeRow } from "./store.ts";

/** The worst that a service was on a day; `unknown` when no probe had reported yet. */
export type DayState = "up" | "down" | "unknown";

const day = 86_400_000;

/**
 * The states of the last `count` days (UTC), oldest first, from the changes of a service's probes in ascending order.
 * A probe keeps its state until its next change, so a change before the first day still counts.
 */
export function dayStates(
  changes: readonly Pick<ProbeChangeRow, "host" | "probe" | "state" | "at">[],
  now: number,
  count: number,
): DayState[] {
  const firstDay = Math.floor(now / day) - count + 1;
  const states = new Map<string, string>();
  let next = 0;
  const take = (until: number, seen?: (state: string) => void): void => {
    for (let change = changes[next]; change !== undefined && change.at.getTime() < until; change = changes[++next]) {
      states.set(`${change.host}/${change.probe}`, change.state);
      seen?.(change.state);
    }
  };
  take(firstDay * day);
  return Array.from({ length: count }, (_, index) => {
    const seen = [...states.values()];
    take((firstDay + index + 1) * day, (state) => seen.push(state));
    if (seen.includes("failing")) return "down";
    return seen.includes("passing") ? "up" : "unknown";
  });
}
