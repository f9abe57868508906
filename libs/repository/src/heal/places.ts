import { asMusterError, type MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { type HealedObjects, healedObjects } from "./healed-objects.ts";

/** A copy of the repository. */
export interface NamedStore {
  /** The repository's name, for people. */
  readonly name: string;
  readonly store: ObjectStore;
}

/** At least one; they are asked in this order. */
export type Copies = readonly [NamedStore, ...NamedStore[]];

/** Something that was not to be had where it was looked for first, and was read elsewhere. */
export interface Detour {
  readonly repository: string;
  readonly object: string;
  readonly error: MusterError;
}

/** Where objects are read from. An object may be in several places: in copies, and under names that stand in for its own. */
export interface Places {
  /** Names where the object is read from now; ask before reading, and give it to `giveUp`. */
  current(key: string): string;
  /** Reads the object from another place from now on; false when all have failed, or no other place can help. */
  giveUp(key: string, place: string, error: unknown): Promise<boolean>;
  /** The keys of the objects in the first copy that stand in for the one of that key. Throws when their list fails. */
  standIns(key: string): Promise<readonly string[]>;
}

/** An object in one of the copies. */
export interface Place {
  readonly copy: NamedStore;
  readonly key: string;
}

export interface PlaceTable extends Places {
  of(key: string): Place;
  /** Every place that an object may be in, in the order in which they are asked. */
  all(key: string): Promise<Place[]>;
  /** The copies; those that have failed as a whole come last. */
  copies(): readonly NamedStore[];
  healed(copy: NamedStore): ReturnType<HealedObjects>;
  /** Notes that of the copies before it none has the object. */
  found(copy: NamedStore, key: string): void;
  /** Notes that a copy failed as a whole. */
  failed(copy: NamedStore, object: string, error: MusterError): void;
}

export const nameOf = ({ copy, key }: Place): string => `${copy.name} ${key}`;

export function placeTable(given: Copies, prefix: string, onDetour: (detour: Detour) => void): PlaceTable {
  const down = new Set<NamedStore>();
  const moved = new Map<string, { readonly place: Place; readonly tried: Set<string> }>();
  const lists = new Map(given.map((copy) => [copy, healedObjects(copy.store, prefix)]));
  const copies = (): NamedStore[] => given.toSorted((a, b) => Number(down.has(a)) - Number(down.has(b)));
  const healed = async (copy: NamedStore) => (await lists.get(copy)?.()) ?? new Map<string, never>();
  const of = (key: string): Place => moved.get(key)?.place ?? { copy: copies()[0] ?? given[0], key };
  const all = async (key: string): Promise<Place[]> => {
    const found: Place[] = [];
    for (const copy of copies()) {
      // A list that fails is a failure of this copy; it hides no object of another, and the caller has an error of its own.
      const others = await healed(copy).catch(() => new Map<string, never>());
      found.push({ copy, key }, ...(others.get(key) ?? []).map((other) => ({ copy, key: other.key })));
    }
    return found;
  };
  return {
    of,
    all,
    copies,
    healed,
    standIns: async (key) => ((await healed(given[0])).get(key) ?? []).map((other) => other.key),
    found(copy, key) {
      if (copy !== of(key).copy && !moved.has(key)) moved.set(key, { place: { copy, key }, tried: new Set() });
    },
    current: (key) => nameOf(of(key)),
    failed(copy, object, error) {
      down.add(copy);
      onDetour({ repository: copy.name, object, error });
    },
    async giveUp(key, place, thrown) {
      const error = asMusterError(thrown);
      if (!mayHelp(error)) return false;
      const known = await all(key);
      const from = of(key);
      if (nameOf(from) !== place) return true; // another reader of it has gone on already
      const tried = moved.get(key)?.tried ?? new Set();
      tried.add(place);
      const next = known.find((other) => !tried.has(nameOf(other)));
      if (next === undefined) return false;
      if (error.code === "store-unavailable") down.add(from.copy);
      moved.set(key, { place: next, tried });
      onDetour({ repository: from.copy.name, object: key, error });
      return true;
    },
  };
}

/** Whether the same object may be had elsewhere after such an error. */
function mayHelp({ code }: MusterError): boolean {
  return code === "repository-corrupt" || code === "object-missing" || code === "store-unavailable";
}
