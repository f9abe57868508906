import type { ObjectStore } from "@muster/object-store";
import { type ChunkIds, chunkIds } from "./chunk/chunk-id.ts";
import { encodeName } from "./encoding/name.ts";
import { splitDomainKey } from "./encrypt/keys.ts";

/** What every function that works on a domain needs. */
export interface DomainContext {
  readonly store: ObjectStore;
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
  const { id, seal, gear } = splitDomainKey(domainKey);
  return {
    store,
    repositoryId,
    name,
    prefix: `${encodeName(name)}/`,
    sealKey: seal,
    gear,
    ids: chunkIds(id),
    idKey: id,
  };
}
