import { asMusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { indexedPacks } from "../copy/indexed-packs.ts";
import type { IndexedPack } from "../index/index-object.ts";
import { packIdOf } from "../index/load-index.ts";
import { findFooter, packKey } from "../pack/layout.ts";

/** The packs that no readable index of a domain speaks of, by their own footers; those that are damaged are left out. */
export async function uncoveredPacks(domain: DomainContext): Promise<IndexedPack[]> {
  const covered = await indexedPacks(domain);
  const found: IndexedPack[] = [];
  for await (const { key, size } of domain.store.list(`${domain.prefix}packs/`)) {
    const packId = packIdOf(key);
    if (packId === undefined || packKey(domain, packId) !== key || covered.has(packId.toString("hex"))) continue;
    try {
      found.push({ packId, ...(await findFooter(domain, packId, size)) });
    } catch (thrown) {
      if (asMusterError(thrown).code !== "repository-corrupt") throw thrown;
    }
  }
  return found;
}
