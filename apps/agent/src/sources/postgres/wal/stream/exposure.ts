/** A look at the server: when, and up to where its WAL was flushed then. */
interface Sample {
  readonly time: number;
  readonly flushed: bigint;
}

/** Measures how much would be lost now, by samples and not by guessing from sizes. Times in milliseconds since the Unix epoch. */
export interface ExposureMeter {
  sample(time: number, flushed: bigint): void;
  durable(position: bigint): void;
  /** The latest sampled time of which everything is durable; undefined before the first. */
  protectedUntil(): number | undefined;
  /** How long ago that is. */
  exposure(now: number): number | undefined;
}

/** Samples that are kept; of an older half only every second one is, when there are more. */
const mostSamples = 4096;

export function exposureMeter(): ExposureMeter {
  let waiting: Sample[] = [];
  let reached: number | undefined;
  let position = 0n;
  const settle = (): void => {
    let done = 0;
    for (const { time, flushed } of waiting) {
      if (flushed > position) break;
      reached = time;
      done += 1;
    }
    if (done > 0) waiting = waiting.slice(done);
  };
  return {
    sample(time, flushed) {
      waiting.push({ time, flushed });
      settle();
      if (waiting.length > mostSamples)
        waiting = waiting.filter((_, index) => index >= mostSamples / 2 || index % 2 === 0);
    },
    durable(next) {
      position = next;
      settle();
    },
    protectedUntil: () => reached,
    exposure: (now) => (reached === undefined ? undefined : Math.max(0, now - reached)),
  };
}
