import { asMusterError, breather, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { packIdLength, readIndex } from "../index/index-object.ts";
import { packIdOf } from "../index/load-index.ts";
import { decodeFooter, type FooterSegment } from "../pack/footer.ts";
import { packKey, readFooter } from "../pack/layout.ts";
import { keyWidth } from "./disk/id-table.ts";
import { type Partitions, partitions } from "./disk/partitions.ts";
import { type SegmentFile, segmentFile } from "./disk/segment-file.ts";
import { type PackTable, packTable } from "./pack-table.ts";

/** A chunk's place on disk: 16 bytes of its id, its pack and segment, offset and length in the segment's plain bytes. */
export const placeWidth = keyWidth + 16;

/** The fields of a place behind its id, as offsets into the record. */
export const placeField = {
  pack: keyWidth,
  segment: keyWidth + 4,
  offset: keyWidth + 8,
  length: keyWidth + 12,
} as const;

/** What an index object says, for its upkeep. */
export interface SeenIndex {
  readonly id: string;
  readonly modified: number;
  readonly size: number;
  readonly supersedes: readonly string[];
  /** Packs that it names, and how many of them are still there. */
  readonly packs: number;
  readonly present: number;
}

/** All that a domain has stored: packs in memory, their segments and chunks on disk. */
export interface Inventory {
  readonly packs: PackTable;
  readonly segments: SegmentFile;
  readonly places: Partitions;
  readonly indexes: readonly SeenIndex[];
  /** Keys of packs and indexes that could not be read; such packs are never given up. */
  readonly unreadable: readonly string[];
  close(): void;
}

export interface InventoryOptions {
  /** A folder of this run's own. */
  readonly folder: string;
  /** What marks and verdicts say of packs, by id in hex. */
  readonly marked: ReadonlySet<string>;
  readonly condemned: ReadonlySet<string>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads what is in every pack: from the indexes, and from the footers of packs that no index covers. Condemned packs are left
 * out. Throws when the store fails.
 */
export async function takeInventory(domain: DomainContext, options: InventoryOptions): Promise<Inventory> {
  const { folder, signal } = options;
  const packs = await listPacks(domain, options);
  const segments = segmentFile(folder);
  const places = partitions(folder, "places", placeWidth);
  const unreadable: string[] = [];
  const pause = breather(20);
  const record = Buffer.alloc(placeWidth);
  const addPack = async (pack: number, footer: readonly FooterSegment[]): Promise<void> => {
    packs.setRead(pack);
    for (const [position, { offset, length, chunks }] of footer.entries()) {
      const segment = segments.add({ pack, position, offset, length });
      let at = 0;
      for (const { id, length: bytes } of chunks) {
        record.set(id.subarray(0, keyWidth));
        record.writeUInt32LE(pack, placeField.pack);
        record.writeUInt32LE(segment, placeField.segment);
        record.writeUInt32LE(at, placeField.offset);
        record.writeUInt32LE(bytes, placeField.length);
        places.add(record);
        packs.addPlain(pack, bytes);
        at += bytes;
      }
    }
    await pause();
  };
  const isWanted = (pack: number): boolean => pack >= 0 && !packs.isRead(pack) && packs.standing(pack) !== "condemned";

  const indexes: SeenIndex[] = [];
  for await (const object of domain.store.list(`${domain.prefix}index/`, { signal })) {
    throwIfAborted(signal);
    const id = object.key.slice(object.key.lastIndexOf("/") + 1);
    const index = await orUnreadable(object.key, unreadable, () => readIndex(domain, id));
    if (index === undefined) continue;
    let present = 0;
    for (const { packId, size, footer } of index.packs) {
      const pack = packs.find(packId);
      if (pack < 0 || packs.size(pack) !== size) continue;
      if (packs.standing(pack) !== "condemned") present += 1;
      if (isWanted(pack)) await addPack(pack, decodeFooter(footer, object.key));
    }
    const { modified, size } = object;
    indexes.push({ id, modified, size, supersedes: index.supersedes, packs: index.packs.length, present });
  }
  for (let pack = 0; pack < packs.count; pack++) {
    if (!isWanted(pack)) continue;
    throwIfAborted(signal);
    const id = packs.id(pack);
    const footer = await orUnreadable(packKey(domain, id), unreadable, async () =>
      decodeFooter(await readFooter(domain, id, packs.size(pack)), packKey(domain, id)),
    );
    if (footer !== undefined) await addPack(pack, footer);
  }
  const close = (): void => {
    segments.close();
    places.close();
  };
  return { packs, segments, places, indexes, unreadable, close };
}

async function listPacks(domain: DomainContext, { marked, condemned, signal }: InventoryOptions): Promise<PackTable> {
  const packs = packTable();
  for await (const { key, size, modified } of domain.store.list(`${domain.prefix}packs/`, { signal })) {
    const id = packIdOf(key);
    if (id === undefined || id.length !== packIdLength || packKey(domain, id) !== key) continue; // verify reports it
    const pack = packs.add(id, size, modified);
    const name = id.toString("hex");
    if (condemned.has(name)) packs.setStanding(pack, "condemned");
    else if (marked.has(name)) packs.setStanding(pack, "marked");
  }
  return packs;
}

async function orUnreadable<T>(key: string, unreadable: string[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code === "object-missing") return undefined; // another sweep removed it meanwhile
    if (error.code !== "repository-corrupt") throw thrown;
    unreadable.push(key);
    return undefined;
  }
}
