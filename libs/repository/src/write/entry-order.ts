import type { EncodedEntry } from "../tree/entry-codec.ts";
import type { Entry } from "../types.ts";

/** Calls that may wait for one before them; after that order gives way to memory. */
const mostWaiting = 4096;

type Ready = Entry | EncodedEntry;

interface Place {
  entries: readonly Ready[];
  state: "open" | "ready" | "gone";
}

/** Hands entries on in the order in which their calls began, though the calls overlap. */
export interface EntryOrder {
  /** Keeps a place for what `work` will return; nothing of it remains when that throws. */
  add<T extends { readonly entries: readonly Ready[] }>(work: () => Promise<T>): Promise<T>;
  /** Resolves when all that was ready is handed on. */
  drain(): Promise<void>;
}

export function entryOrder(next: (entry: Ready) => Promise<void> | undefined): EntryOrder {
  let waiting: Place[] = [];
  let draining: Promise<void> = Promise.resolve();
  const takeReady = (): Ready[] => {
    const open = waiting.findIndex(({ state }) => state === "open");
    const count = open === -1 ? waiting.length : open;
    const taken = waiting.length > mostWaiting ? waiting : waiting.slice(0, count);
    waiting = taken === waiting ? waiting.filter(({ state }) => state === "open") : waiting.slice(count);
    return taken.flatMap(({ state, entries }) => (state === "ready" ? entries : []));
  };
  const drain = (): Promise<void> => {
    const ready = takeReady();
    if (ready.length > 0) {
      draining = draining.then(async () => {
        for (const entry of ready) {
          const stored = next(entry);
          if (stored !== undefined) await stored;
        }
      });
    }
    return draining;
  };
  return {
    async add(work) {
      const place: Place = { entries: [], state: "open" };
      waiting.push(place);
      try {
        const result = await work();
        place.entries = result.entries;
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
