import { asMusterError, backoffDelay, type MusterError, semaphore, sleep } from "@muster/core";

/** What is to be stored, in the order of the log. */
export interface Put {
  readonly end: bigint;
  store(): Promise<unknown>;
}

export interface PutQueue {
  /** Resolves when it is stored; rejects as `failed` does when it cannot be. */
  add(put: Put): Promise<void>;
  /** Whether nothing is on its way. */
  readonly idle: boolean;
  /** Everything before it is durable. */
  readonly durable: bigint;
  /** Why the oldest put does not get on, while it is tried again; undefined when all is well. */
  readonly trouble: MusterError | undefined;
  /** Rejects when something can not be stored, and another try would not help. */
  readonly failed: Promise<never>;
  /** Resolves when nothing waits. */
  drained(): Promise<void>;
}

/** Puts at once: enough to hide the answer time of a far store. */
const parallel = 4;
const backoff = { initial: 200, max: 10_000 };

/**
 * Stores several parts of a log at once. What counts as durable only ever goes on without a break, whatever is done first. A store that
 * does not answer is tried again until the signal aborts: the server keeps its WAL that long.
 */
export function putQueue(from: bigint, onDurable: (position: bigint) => void, signal: AbortSignal): PutQueue {
  const slots = semaphore(parallel);
  const waiting: { readonly end: bigint; done: boolean }[] = [];
  const running = new Set<Promise<void>>();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // who waits for it gets it; nobody must
  let durable = from;
  let trouble: MusterError | undefined;

  const settle = (): void => {
    for (let first = waiting[0]; first?.done === true; first = waiting[0]) {
      durable = first.end;
      waiting.shift();
    }
    onDurable(durable);
  };
  const store = async (put: Put): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      try {
        await put.store();
        trouble = undefined;
        return;
      } catch (thrown) {
        const error = asMusterError(thrown);
        if (!error.retryable || signal.aborted) throw error;
        trouble = error;
        await sleep(backoffDelay(attempt, backoff), signal);
      }
    }
  };
  return {
    get durable() {
      return durable;
    },
    get idle() {
      return waiting.length === 0;
    },
    get trouble() {
      return trouble;
    },
    failed: failure.promise,
    add(put) {
      const entry = { end: put.end, done: false };
      waiting.push(entry);
      const task: Promise<void> = slots
        .run(() => store(put))
        .then(
          () => {
            entry.done = true;
            settle();
          },
          (error: unknown) => {
            failure.reject(error);
            return failure.promise;
          },
        )
        .finally(() => running.delete(task));
      task.catch(() => undefined); // told by `failed`
      running.add(task);
      return task;
    },
    async drained() {
      while (running.size > 0) await Promise.race([Promise.all(running), failure.promise]);
    },
  };
}
