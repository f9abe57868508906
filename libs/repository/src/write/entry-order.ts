import type { Entry } from "../types.ts";

/** Entries that may wait for one before them; after that order gives way to memory. */
const mostWaiting = 4096;

interface Place {
  entry: Entry | undefined;
  state: "open" | "ready" | "gone";
}

/** Hands entries on in the order in which their calls began, though the calls overlap. */
export interface EntryOrder {
  /** Keeps a place for what `work` will return; nothing of it remains when that throws. */
  add<T extends { readonly entry: Entry }>(work: () => Promise<T>): Promise<T>;
  /** Resolves when all that was ready is handed on. */
  drain(): Promise<void>;
}

export function entryOrder(next: (entry: Entry) => Promise<void>): EntryOrder {
  let waiting: Place[] = [];
  let draining: Promise<void> = Promise.resolve();
  const takeReady = (): Entry[] => {
    const open = waiting.findIndex(({ state }) => state === "open");
    const count = open === -1 ? waiting.length : open;
    const taken = waiting.length > mostWaiting ? waiting : waiting.slice(0, count);
    waiting = taken === waiting ? waiting.filter(({ state }) => state === "open") : waiting.slice(count);
    return taken.flatMap(({ state, entry }) => (state === "ready" && entry !== undefined ? [entry] : []));
  };
  const drain = (): Promise<void> => {
    const ready = takeReady();
    if (ready.length > 0) {
      draining = draining.then(async () => {
        for (const entry of ready) await next(entry);
      });
    }
    return draining;
  };
  return {
    async add(work) {
      const place: Place = { entry: undefined, state: "open" };
      waiting.push(place);
      try {
        const result = await work();
        place.entry = result.entry;
        place.state = "ready";
        return result;
      } finally {
        if (place.state === "open") place.state = "gone";
        await drain();
      }
    },
    drain,
  };
}
