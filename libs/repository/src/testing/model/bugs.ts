import type { DeletableStore } from "@muster/object-store";

/** Who has the bug, and the store as a program with it would use it. */
export interface PlantedBug {
  readonly role: "backup" | "sweep";
  readonly wrap: (store: DeletableStore) => DeletableStore;
}

/** Faults in the machinery that the model checker must find. */
export const plantedBugs = {
  "the sweep does not look at leases": { role: "sweep", wrap: (store) => hiding(store, /\/leases\/$/) },
  "the sweep takes a list that failed for an empty one": {
    role: "sweep",
    wrap: (store) => hiding(store, /\/points\/$/),
  },
  "a backup does not read the marks": { role: "backup", wrap: (store) => hiding(store, /\/sweeps\/$/) },
  "the manifest does not wait for the packs": {
    role: "backup",
    wrap: (store) => ({
      ...store,
      async put(key, bytes, options) {
        const done = store.put(key, bytes, options);
        if (/\/packs\//.test(key)) done.catch(() => undefined);
        else await done;
      },
    }),
  },
} as const satisfies Record<string, PlantedBug>;

export type BugName = keyof typeof plantedBugs;

function hiding(store: DeletableStore, prefixes: RegExp): DeletableStore {
  return {
    ...store,
    async *list(prefix, options) {
      if (!prefixes.test(prefix)) yield* store.list(prefix, options);
    },
  };
}
