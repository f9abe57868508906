import { sleep } from "./concurrency.ts";
import { asMusterError } from "./errors/muster-error.ts";

export interface Backoff {
  /** First wait in milliseconds. */
  readonly initial: number;
  /** Longest wait in milliseconds. */
  readonly max: number;
}

/**
 * The wait before attempt number `attempt` (0 = first retry): exponential with full jitter, as in
 * M. Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015). `random` is in [0, 1).
 */
export function backoffDelay(attempt: number, { initial, max }: Backoff, random: () => number = Math.random): number {
  const ceiling = Math.min(max, initial * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
}

/** Calls `work` until it succeeds, fails with a not-retryable error, or `attempts` are used up. */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  options: { attempts: number; backoff: Backoff; signal?: AbortSignal | undefined },
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (thrown) {
      const error = asMusterError(thrown);
      if (!error.retryable || attempt + 1 >= options.attempts || options.signal?.aborted) throw error;
      await sleep(backoffDelay(attempt, options.backoff), options.signal);
    }
  }
}
