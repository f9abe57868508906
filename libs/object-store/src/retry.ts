import { asMusterError, type Backoff, backoffDelay, MusterError, retry, sleep, throwIfAborted } from "@muster/core";
import { type CallOptions, type ObjectInfo, type ObjectStore, partsOf } from "./port.ts";

export interface RetryOptions {
  /** Tries in all. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

const defaults: RetryOptions = { attempts: 5, backoff: { initial: 200, max: 10_000 } };

/** The same store, with every call tried again while its error says that this may help. */
export function withRetry(store: ObjectStore, options: RetryOptions = defaults): ObjectStore {
  const free = store.freeSpace?.bind(store);
  const again = <T>(call: CallOptions | undefined, work: (attempt: number) => Promise<T>): Promise<T> =>
    retry(
      async (attempt) => {
        throwIfAborted(call?.signal);
        return work(attempt);
      },
      { ...options, signal: call?.signal },
    );
  const retried: ObjectStore = {
    description: store.description,
    ...(store.conditionalWrites === false ? { conditionalWrites: false } : {}),
    put: (key, bytes, call) => again(call, (attempt) => putAgain(store, retried, { key, bytes, call, attempt })),
    get: (key, call) => again(call, () => store.get(key, call)),
    head: (key, call) => again(call, () => store.head(key, call)),
    list: (prefix, call) => listAgain(store, prefix, call, options),
    ...(free === undefined ? {} : { freeSpace: () => again(undefined, free) }),
  };
  return retried;
}

/**
 * A put whose answer was lost may have succeeded: when a later try finds the key taken by exactly these bytes,
 * it was ours.
 */
async function putAgain(
  store: ObjectStore,
  retried: ObjectStore,
  put: { key: string; bytes: Uint8Array | readonly Uint8Array[]; call: CallOptions | undefined; attempt: number },
): Promise<void> {
  const { key, bytes, call, attempt } = put;
  try {
    await store.put(key, bytes, call);
  } catch (thrown) {
    const taken = thrown instanceof MusterError && thrown.code === "object-exists";
    if (!taken || attempt === 0) throw thrown;
    const found = await retried.get(key, call);
    if (!Buffer.concat(partsOf(bytes)).equals(found)) throw thrown;
  }
}

/** Starts a list that failed midway anew, and hands out only what was not handed out before. */
async function* listAgain(
  store: ObjectStore,
  prefix: string,
  call: CallOptions | undefined,
  { attempts, backoff }: RetryOptions,
): AsyncIterable<ObjectInfo> {
  const seen = new Set<string>();
  for (let attempt = 0; ; attempt++) {
    try {
      for await (const item of store.list(prefix, call)) {
        if (seen.has(item.key)) continue;
        seen.add(item.key);
        yield item;
      }
      return;
    } catch (thrown) {
      if (!asMusterError(thrown).retryable || attempt + 1 >= attempts) throw thrown;
      await sleep(backoffDelay(attempt, backoff), call?.signal);
    }
  }
}
