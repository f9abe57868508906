import type { ObjectStore } from "@muster/object-store";
import { type ChunkIds, chunkIds } from "./chunk/chunk-id.ts";
import { encodeName } from "./encoding/name.ts";
import { splitDomainKey } from "./encrypt/keys.ts";
import { objectView } from "./heal/object-view.ts";
import type { Copies, Detour, Places } from "./heal/places.ts";

/** What every function that works on a domain needs. */
export interface DomainContext {
  /** Where the domain's objects are; what is damaged there, or missing, may be in another place: see `readHealthy`. */
  readonly store: ObjectStore;
  readonly places: Places;
  readonly repositoryId: string;
  readonly name: string;
  /** The key prefix of the domain's objects, with its slash. */
  readonly prefix: string;
  readonly sealKey: Buffer;
  readonly gear: Uint32Array;
  readonly ids: ChunkIds;
  /** The key that `ids` computes with, for threads that compute their own. */
  readonly idKey: Buffer;
}

export function domainContext(
  store: ObjectStore,
  repositoryId: string,
  name: string,
  domainKey: Uint8Array,
): DomainContext {
  return copiesContext([{ name: store.description, store }], { repositoryId, name, domainKey });
}

/** A domain that is in several copies of a repository; each object is read from the first that has it whole. */
export function copiesContext(
  copies: Copies,
  { repositoryId, name, domainKey }: { repositoryId: string; name: string; domainKey: Uint8Array },
  onDetour?: (detour: Detour) => void,
): DomainContext {
  const { id, seal, gear } = splitDomainKey(domainKey);
  const prefix = `${encodeName(name)}/`;
  return {
    ...objectView(copies, prefix, onDetour),
    repositoryId,
    name,
    prefix,
    sealKey: seal,
    gear,
    ids: chunkIds(id),
    idKey: id,
  };
}
