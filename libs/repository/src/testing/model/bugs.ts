import type { DeletableStore, ObjectInfo } from "@muster/object-store";
import type { DomainContext } from "../../context.ts";
import type { SimStore } from "./sim-store.ts";
import { otherSite, type PerSite, perSite, type SiteName } from "./sites.ts";
import type { Temper } from "./temper.ts";

/** What a bug needs to know that no program can. */
export interface Disks {
  readonly of: PerSite<SimStore>;
  /** The site that the process writes to. */
  readonly target: SiteName;
}

/** Who has the bug, and the stores as a program with it would use them. */
export interface PlantedBug {
  readonly role: "backup" | "sweep" | "copy" | "restore" | "heal";
  readonly wrap?: (stores: PerSite<DeletableStore>, disks: Disks) => PerSite<DeletableStore>;
  readonly context?: (domain: DomainContext) => DomainContext;
  /** Of its sweeps. */
  readonly grace?: number;
  /** The worlds in which it can do harm. */
  readonly temper: Partial<Temper>;
  /** A seed that finds it, as the model stands; left out where none is known yet. */
  readonly foundBy?: number;
  /** What is said then. */
  readonly shows: RegExp;
}

const lost = /^the point p\d+ (needs|cannot be read)/;

const backups = { cast: "backups", damaging: false } as const;
const copies = { cast: "copies", damaging: false } as const;
const restores = { cast: "restores", damaging: false } as const;

/** Faults in the machinery that the model checker must find. */
export const plantedBugs = {
  "the sweep does not look at leases": {
    role: "sweep",
    foundBy: 290,
    shows: lost,
    temper: backups,
    wrap: (stores) => hiding(stores, /\/leases\/$/),
  },
  "the sweep takes a list that failed for an empty one": {
    role: "sweep",
    foundBy: 290,
    shows: lost,
    temper: backups,
    wrap: (stores) => hiding(stores, /\/points\/$/),
  },
  "the sweep waits for no grace": {
    role: "sweep",
    foundBy: 310,
    shows: lost,
    grace: 1,
    temper: { ...backups, hurried: true },
  },
  "a backup does not read the marks": {
    role: "backup",
    foundBy: 336,
    shows: lost,
    temper: backups,
    wrap: (stores) => hiding(stores, /\/sweeps\/$/),
  },
  "a backup commits although its lease is lost": {
    role: "backup",
    shows: lost,
    temper: backups,
    wrap: (stores) => each(stores, ignoringLoss),
  },
  "the manifest does not wait for the packs": {
    role: "backup",
    foundBy: 291,
    shows: lost,
    temper: backups,
    wrap: (stores) => each(stores, notAwaited),
  },
  "a copy writes the manifest before its chunks": {
    role: "copy",
    shows: lost,
    temper: copies,
    wrap: (stores) => each(stores, notAwaited),
  },
  "a copy does not read the marks": {
    role: "copy",
    shows: lost,
    temper: copies,
    wrap: (stores) => hiding(stores, /\/sweeps\/$/),
  },
  "a restore does not check the ids of chunks": {
    role: "restore",
    shows: /is not what it was$/,
    temper: { damaging: true, cast: "restores" },
    context: (domain) => ({ ...domain, ids: { ...domain.ids, of: (chunk) => equalToAll(domain.ids.of(chunk)) } }),
  },
  "a restore does not follow packs that moved": {
    role: "restore",
    shows: /could not be restored/,
    temper: restores,
    wrap: (stores) => each(stores, listingOnce),
  },
  "a heal takes a damaged copy for healthy": {
    role: "heal",
    shows: /is said to be healed, and nothing of it is whole$/,
    temper: { damaging: true, cast: "copies" },
    wrap: unchecked,
  },
} as const satisfies Record<string, PlantedBug>;

export type BugName = keyof typeof plantedBugs;

function each(
  stores: PerSite<DeletableStore>,
  wrap: (store: DeletableStore) => DeletableStore,
): PerSite<DeletableStore> {
  return perSite((site) => wrap(stores[site]));
}

function hiding(stores: PerSite<DeletableStore>, prefixes: RegExp): PerSite<DeletableStore> {
  return each(stores, (store) => ({
    ...store,
    async *list(prefix, options) {
      if (!prefixes.test(prefix)) yield* store.list(prefix, options);
    },
  }));
}

function notAwaited(store: DeletableStore): DeletableStore {
  return {
    ...store,
    async put(key, bytes, options) {
      const done = store.put(key, bytes, options);
      if (/\/packs\//.test(key)) done.catch(() => undefined);
      else await done;
    },
  };
}

/** The record that ends a lease is taken for the holder's own. */
function ignoringLoss(store: DeletableStore): DeletableStore {
  return {
    ...store,
    async put(key, bytes, options) {
      await store.put(key, bytes, options).catch((thrown: unknown) => {
        if (!/\/leases\//.test(key)) throw thrown;
      });
    },
    head: async (key, options) => {
      const found = await store.head(key, options);
      return /\/leases\//.test(key) ? (found ?? { size: 1, modified: 0 }) : found;
    },
  };
}

/** Every list of packs and indexes is the first one. */
function listingOnce(store: DeletableStore): DeletableStore {
  const first = new Map<string, ObjectInfo[]>();
  return {
    ...store,
    async *list(prefix, options) {
      const known = first.get(prefix) ?? [];
      if (!first.has(prefix)) for await (const info of store.list(prefix, options)) known.push(info);
      first.set(prefix, known);
      yield* known;
    },
  };
}

/** An id that every chunk has. */
function equalToAll(id: Buffer): Buffer {
  return Object.assign(id, { equals: () => true });
}

/** What is read from the other site passes every check, and is stored as it is there. */
function unchecked(stores: PerSite<DeletableStore>, { of, target }: Disks): PerSite<DeletableStore> {
  const source = otherSite(target);
  const packId = (key: string): string | undefined =>
    /\/packs\/../.test(key) ? /[0-9a-f]{32}/.exec(key)?.[0] : undefined;
  const from: DeletableStore = {
    ...stores[source],
    async get(key, options) {
      const found = await stores[source].get(key, options);
      return (options?.range === undefined && packId(key) !== undefined && of[source].originals.get(key)) || found;
    },
  };
  const to: DeletableStore = {
    ...stores[target],
    put(key, bytes, options) {
      const id = packId(key);
      const asThere = id === undefined ? undefined : of[source].objects.get(`d/packs/${id.slice(0, 2)}/${id}`)?.bytes;
      return stores[target].put(key, asThere ?? bytes, options);
    },
  };
  return perSite((site) => (site === target ? to : from));
}
