import { MusterError } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { packKey } from "../pack/layout.ts";

/*
 * A mark says that a verification found a pack damaged and no copy had it: backups store its chunks anew. Its key says all;
 * its bytes have no meaning.
 */

const folderOf = ({ prefix }: DomainContext): string => `${prefix}damaged/`;

/** Ids (hex) of the packs that are marked as damaged and that nothing stands in for. */
export async function damagedPacks(domain: DomainContext): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { key } of domain.store.list(folderOf(domain))) {
    const id = key.slice(folderOf(domain).length);
    if (!/^[0-9a-f]{32}$/.test(id)) continue;
    const standIns = await domain.places.standIns(packKey(domain, Buffer.from(id, "hex")));
    if (standIns.length === 0) found.add(id);
  }
  return found;
}

/** Marks a pack by its id; a second mark changes nothing. */
export async function markDamaged(domain: DomainContext, packId: Uint8Array): Promise<void> {
  try {
    await domain.store.put(folderOf(domain) + Buffer.from(packId).toString("hex"), Buffer.from("damaged\n"));
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
  }
}
