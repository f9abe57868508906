import { type Clock, sleep } from "@muster/core";

/** Lets so many bytes per second through; every caller waits for its turn. */
export type Pace = (bytes: number, signal?: AbortSignal) => Promise<void>;

/** Without a limit nobody waits. */
export function paceOf(bytesPerSecond: number | undefined, clock: Clock): Pace {
  if (bytesPerSecond === undefined) return async () => undefined;
  let free = clock.now();
  return async (bytes, signal) => {
    const now = clock.now();
    const from = Math.max(now, free);
    free = from + (bytes / bytesPerSecond) * 1000;
    if (from > now) await sleep(from - now, signal);
  };
}
