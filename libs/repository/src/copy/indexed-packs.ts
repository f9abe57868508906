import { asMusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { readIndex } from "../index/index-object.ts";

/** Ids (hex) of the packs that the readable indexes of a domain speak of. Throws when the store fails. */
export async function indexedPacks(domain: DomainContext): Promise<Set<string>> {
  const folder = `${domain.prefix}index/`;
  const found = new Set<string>();
  for await (const { key } of domain.store.list(folder)) {
    try {
      for (const { packId } of (await readIndex(domain, key.slice(folder.length))).packs) {
        found.add(packId.toString("hex"));
      }
    } catch (thrown) {
      const { code } = asMusterError(thrown);
      if (code !== "repository-corrupt" && code !== "object-missing") throw thrown; // damaged, or swept meanwhile
    }
  }
  return found;
}
