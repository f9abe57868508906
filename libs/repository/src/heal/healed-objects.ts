import type { ObjectInfo, ObjectStore } from "@muster/object-store";
import { healedFolder, originalOf } from "./healed-key.ts";

/** What stands in for what in a store, by the keys of the originals; listed when it is first asked for. */
export type HealedObjects = () => Promise<ReadonlyMap<string, readonly ObjectInfo[]>>;

/** Throws when the list fails, and then lists anew at the next call. */
export function healedObjects(store: ObjectStore, prefix: string): HealedObjects {
  let listed: Promise<Map<string, ObjectInfo[]>> | undefined;
  const list = async (): Promise<Map<string, ObjectInfo[]>> => {
    const found = new Map<string, ObjectInfo[]>();
    for await (const info of store.list(healedFolder(prefix))) {
      const original = originalOf(prefix, info.key);
      found.set(original, [...(found.get(original) ?? []), info]);
    }
    return found;
  };
  return () => {
    listed ??= list();
    listed.catch(() => {
      listed = undefined;
    });
    return listed;
  };
}
