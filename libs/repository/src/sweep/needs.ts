import { breather, throwIfAborted } from "@muster/core";
import { partitionCount } from "./disk/partitions.ts";
import type { ReferenceSet } from "./disk/reference-set.ts";
import { type Inventory, placeField, placeWidth } from "./inventory.ts";
import type { PackTable } from "./pack-table.ts";

/** Of the chunks that points refer to. */
export interface Needs {
  readonly chunks: number;
  /** Chunks that are in no pack: the points that need them are damaged. */
  readonly missing: number;
}

/**
 * Finds for which chunks each pack is needed, and notes their plain bytes in the table of packs. A chunk in several packs is
 * needed in the oldest one that no mark names, so that a new pack that claims to have it cannot push another out. Where marks name all of them, it is needed in all: whoever else works on
 * another mark may let the other pack go.
 */
export async function findNeeds(
  inventory: Inventory,
  references: ReferenceSet,
  signal: AbortSignal | undefined,
): Promise<Needs> {
  const { packs } = inventory;
  const pause = breather(20);
  let [chunks, missing] = [0, 0];
  for (let partition = 0; partition < partitionCount; partition++) {
    throwIfAborted(signal);
    const ids = references.ids(partition);
    if (ids.size === 0) continue;
    const stored = inventory.places.read(partition);
    const homes = homesOf(packs, stored, (at) => ids.find(stored, at), ids.size);
    for (let at = 0; at < stored.length; at += placeWidth) {
      const pack = stored.readUInt32LE(at + placeField.pack);
      const home = homes[ids.find(stored, at)];
      if (home === undefined) continue;
      const isNeeded = home === pack || (packs.standing(home) === "marked" && packs.standing(pack) === "marked");
      if (isNeeded) packs.addNeeded(pack, Math.max(1, stored.readUInt32LE(at + placeField.length)));
    }
    chunks += ids.size;
    missing += homes.reduce((sum, home) => sum + (home < 0 ? 1 : 0), 0);
    await pause();
  }
  return { chunks, missing };
}

/** The best pack of each wanted chunk, or -1. */
export function homesOf(packs: PackTable, stored: Buffer, find: (at: number) => number, count: number): Int32Array {
  const homes = new Int32Array(count).fill(-1);
  for (let at = 0; at < stored.length; at += placeWidth) {
    const place = find(at);
    if (place < 0) continue;
    const pack = stored.readUInt32LE(at + placeField.pack);
    const known = homes[place] ?? -1;
    if (known < 0 || isBetter(packs, pack, known)) homes[place] = pack;
  }
  return homes;
}

function isBetter(packs: PackTable, pack: number, than: number): boolean {
  const [whole, wholeThan] = [packs.standing(pack) === "whole", packs.standing(than) === "whole"];
  if (whole !== wholeThan) return whole;
  const [modified, modifiedThan] = [packs.modified(pack), packs.modified(than)];
  return modified === modifiedThan ? pack < than : modified < modifiedThan;
}
