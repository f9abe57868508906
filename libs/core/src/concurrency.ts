import { setTimeout as delay } from "node:timers/promises";
import { MusterError } from "./errors/muster-error.ts";

/** Waits so many milliseconds; rejects with `cancelled` when the signal aborts. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? undefined : { signal });
  } catch (cause) {
    throw new MusterError("cancelled", "the wait was cancelled", { cause });
  }
}

/** A signal that aborts when the given one does or after so many milliseconds. */
export function deadline(milliseconds: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(milliseconds);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

/** Throws `cancelled` when the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MusterError("cancelled", "the work was cancelled", { cause: signal.reason });
}

/** Runs `work` over all items, at most `limit` at once; stops starting new ones after the first failure, then throws it. */
export async function mapLimit<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  let index = 0;
  for await (const item of items) {
    if (failures.length > 0) break;
    const place = index++;
    const task: Promise<void> = work(item)
      .then(
        (result) => {
          results[place] = result;
        },
        (error: unknown) => {
          failures.push(error);
        },
      )
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= limit) await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Allows at most `limit` holders at once; others wait in order of arrival. */
export function semaphore(limit: number): { run<T>(work: () => Promise<T>): Promise<T> } {
  let free = limit;
  const waiting: (() => void)[] = [];
  const acquire = (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async run(work) {
      await acquire();
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}

/**
 * For long work in one thread: the function waits for a turn of the event loop when the last one is more than
 * `milliseconds` ago, so that messages, signals and timers are served; otherwise it returns undefined at once.
 */
export function breather(milliseconds: number): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < milliseconds) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        last = performance.now();
        resolve();
      });
    });
  };
}
