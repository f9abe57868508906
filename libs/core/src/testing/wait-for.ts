import { setTimeout as delay } from "node:timers/promises";

/** Polls until `probe` gives something other than undefined or false; throws with the last answer at the deadline. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeout = 60_000, interval = 25 }: { timeout?: number; interval?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${timeout} ms in vain for: ${what}`);
    await delay(interval);
  }
}
