import { asMusterError } from "@muster/core";
import type { CallOptions, ObjectInfo, ObjectStore } from "@muster/object-store";
import { canBeHealed } from "./healed-key.ts";
import { type Copies, type Detour, nameOf, type Place, type Places, type PlaceTable, placeTable } from "./places.ts";

/**
 * One domain of one repository or of several copies of it, as a store: what the first copy does not have, or cannot give, comes from
 * the next, and what was healed is found under the name of what it stands in for. It writes to the first copy only.
 */
export function objectView(
  copies: Copies,
  prefix: string,
  onDetour: (detour: Detour) => void = () => undefined,
): { readonly store: ObjectStore; readonly places: Places } {
  const [{ store: first }] = copies;
  const places = placeTable(copies, prefix, onDetour);
  const isOwn = (key: string): boolean => !canBeHealed(prefix, key); // leases, marks of a sweep: each copy has its own
  const store: ObjectStore = {
    description: first.description,
    put: (key, bytes, options) => first.put(key, bytes, options),
    get: (key, options) => (isOwn(key) ? first.get(key, options) : getAnywhere(places, key, options)),
    head: (key, options) => (isOwn(key) ? first.head(key, options) : headAnywhere(places, key, options)),
    list: (of, options) => (isOwn(of) ? first.list(of, options) : listAll(places, of, options)),
    ...(first.freeSpace === undefined ? {} : { freeSpace: first.freeSpace.bind(first) }),
  };
  return { store, places };
}

async function getAnywhere(
  places: PlaceTable,
  key: string,
  options: Parameters<ObjectStore["get"]>[1],
): Promise<Uint8Array> {
  for (;;) {
    const place = places.of(key);
    try {
      return await place.copy.store.get(place.key, options);
    } catch (thrown) {
      if (!(await places.giveUp(key, nameOf(place), thrown))) throw thrown;
    }
  }
}

async function headAnywhere(places: PlaceTable, key: string, options: CallOptions | undefined) {
  let failure: { readonly error: unknown } | undefined;
  for await (const { copy, key: name } of placesOf(places, key)) {
    try {
      const found = await copy.store.head(name, options);
      if (found !== undefined) return found;
    } catch (thrown) {
      if (asMusterError(thrown).code !== "store-unavailable") throw thrown;
      failure ??= { error: thrown };
    }
  }
  if (failure !== undefined) throw failure.error;
  return undefined;
}

/** Where the object is most likely, then everywhere else; what else there is is looked up only when it is asked for. */
async function* placesOf(places: PlaceTable, key: string): AsyncGenerator<Place> {
  yield places.of(key);
  yield* await places.all(key);
}

/** Every key that any copy has. Throws when no copy can be listed; with a copy that can, the others' failures are detours. */
async function* listAll(
  places: PlaceTable,
  prefix: string,
  options: CallOptions | undefined,
): AsyncGenerator<ObjectInfo> {
  const seen = new Set<string>();
  const copies = places.copies();
  const failures: unknown[] = [];
  for (const copy of copies) {
    try {
      for await (const info of copy.store.list(prefix, options)) {
        if (seen.has(info.key)) continue;
        seen.add(info.key);
        places.found(copy, info.key);
        yield info;
      }
      for (const [key, [other]] of await places.healed(copy)) {
        if (other === undefined || !key.startsWith(prefix) || seen.has(key)) continue;
        seen.add(key);
        yield { ...other, key };
      }
    } catch (thrown) {
      const error = asMusterError(thrown);
      failures.push(thrown);
      if (failures.length === copies.length || error.code !== "store-unavailable") throw failures[0];
      places.failed(copy, prefix, error);
    }
  }
}
