import { MusterError, sleep } from "@muster/core";
import type { DeletableStore, ObjectStore } from "../port.ts";
import { collect } from "./collect.ts";

export type Operation = "put" | "get" | "head" | "list" | "delete";

/** What happens to a call: see `faultyStore`. */
export type Fault =
  | { readonly kind: "fail"; readonly error?: Error } // refused, nothing done
  | { readonly kind: "fail-after" } // done, but the answer is lost
  | { readonly kind: "delay"; readonly milliseconds: number }
  | { readonly kind: "reorder"; readonly milliseconds: number } // waits that long for a later call, which is done before it
  | { readonly kind: "truncate" } // half of the bytes are read; half of a list, then an error
  | { readonly kind: "repeat" }; // the call reaches the store twice

export interface FaultyStore extends ObjectStore {
  /** Calls so far. */
  readonly calls: () => number;
}

const lost = () => new MusterError("store-unavailable", "injected fault");

type Plan = (call: number, operation: Operation, key: string) => Fault | undefined;

/** The same store, with a fault for the calls that `plan` (number from 0, operation, key) names. */
export function faultyStore(store: DeletableStore, plan: Plan): FaultyStore & DeletableStore;
export function faultyStore(store: ObjectStore, plan: Plan): FaultyStore;
export function faultyStore(
  store: ObjectStore & Partial<Pick<DeletableStore, "delete">>,
  plan: Plan,
): FaultyStore & Partial<Pick<DeletableStore, "delete">> {
  let calls = 0;
  const overtaking = overtakes();
  const run = async <T>(operation: Operation, key: string, work: () => Promise<T>): Promise<T> => {
    const fault = plan(calls++, operation, key);
    if (fault?.kind === "fail") throw fault.error ?? lost();
    if (fault?.kind === "delay") await sleep(fault.milliseconds);
    const result = await overtaking.run(fault, work);
    if (fault?.kind === "repeat") return work();
    if (fault?.kind === "fail-after") throw lost();
    return fault?.kind === "truncate" && result instanceof Uint8Array ? halfOf(result) : result;
  };
  const remove = store.delete?.bind(store);
  return {
    ...(remove === undefined ? {} : { delete: (key, options) => run("delete", key, () => remove(key, options)) }),
    description: `faulty ${store.description}`,
    calls: () => calls,
    put: (key, bytes, options) => run("put", key, () => store.put(key, bytes, options)),
    get: (key, options) => run("get", key, () => store.get(key, options)),
    head: (key, options) => run("head", key, () => store.head(key, options)),
    async *list(prefix, options) {
      const fault = plan(calls++, "list", prefix);
      if (fault?.kind === "fail") throw fault.error ?? lost();
      if (fault?.kind === "delay") await sleep(fault.milliseconds);
      const all = await overtaking.run(fault, () => collect(store.list(prefix, options)));
      const broken = fault?.kind === "truncate" || fault?.kind === "fail-after";
      yield* broken ? all.slice(0, all.length / 2) : all;
      if (fault?.kind === "repeat") yield* all;
      if (broken) throw lost();
    },
  };
}

// What a truncated transfer looks like to a caller that does not compare lengths: fewer bytes, no error.
function halfOf<T extends Uint8Array>(bytes: T): T {
  return bytes.subarray(0, bytes.byteLength >> 1) as T; // a view has the type of what it views
}

/** Lets calls that come later be done before those that wait for it. */
function overtakes() {
  const waiting = new Set<() => void>();
  return {
    async run<T>(fault: Fault | undefined, work: () => Promise<T>): Promise<T> {
      const earlier = [...waiting];
      if (fault?.kind === "reorder") await overtaken(waiting, fault.milliseconds);
      try {
        return await work();
      } finally {
        for (const go of earlier) go();
      }
    },
  };
}

async function overtaken(waiting: Set<() => void>, milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting.add(resolve);
  await Promise.race([promise, sleep(milliseconds)]);
  waiting.delete(resolve);
}
