import { asMusterError, type MusterError, mapLimit } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { damagedPacks } from "../heal/damage-marks.ts";
import { decodeFooter } from "../pack/footer.ts";
import { findFooter, packKey } from "../pack/layout.ts";
import { type ChunkIndex, chunkIndex } from "./chunk-index.ts";
import { type IndexedPack, type IndexObject, readIndex } from "./index-object.ts";

/** Objects read at once. */
const concurrency = 8;

export interface Damaged {
  readonly key: string;
  readonly error: MusterError;
}

export interface LoadedIndex {
  readonly index: ChunkIndex;
  /** Index objects, and footers of packs that no index covers, that could not be read. */
  readonly damaged: readonly Damaged[];
  /** Packs that an index speaks of and that are not there in their full size; they are not in the index. */
  readonly lost: readonly IndexedPack[];
  /** Every object among the packs: key and size in bytes. */
  readonly stored: Map<string, number>;
}

/**
 * Loads all that a domain's indexes say. Where one is damaged, the packs that it alone covered are read from their own
 * footers, so a damaged index costs time and no data. Throws when the store fails: a list or an object that cannot
 * be read is not an empty one. Packs to `avoid` (ids in hex) are as if they were not there.
 */
export async function loadIndex(domain: DomainContext, avoid: Iterable<string> = []): Promise<LoadedIndex> {
  const index = chunkIndex();
  for (const pack of avoid) index.ignorePack(Buffer.from(pack, "hex"));
  const doubtful = await damagedPacks(domain);
  const unreadable: Damaged[] = [];
  const { objects, vanished } = await readAll(domain, unreadable);
  const stored = await listPacks(domain); // after the indexes: what they speak of was there before them
  const superseded = new Set([...objects.values()].flatMap(({ supersedes }) => supersedes));
  const damaged = unreadable.filter(({ key }) => !superseded.has(key.slice(key.lastIndexOf("/") + 1)));
  const lost: IndexedPack[] = [];
  const last: [pack: IndexedPack, indexId: string][] = [];
  for (const [id, { packs }] of objects) {
    if (superseded.has(id)) continue;
    for (const pack of packs) {
      if ((await storedSize(domain, pack, stored)) !== pack.size) lost.push(pack);
      else if (doubtful.has(pack.packId.toString("hex"))) last.push([pack, id]);
      else index.addPack(pack.packId, pack.size, decodeFooter(pack.footer, `index ${id}`));
    }
  }
  // Behind the others: what a damaged pack has and another one too is read from that one.
  for (const [pack, id] of last) index.addPack(pack.packId, pack.size, decodeFooter(pack.footer, `index ${id}`));
  if (damaged.length > 0 || vanished) damaged.push(...(await addUncoveredPacks(domain, index)));
  return { index, damaged, lost, stored };
}

/** The size of a pack where it is there in full; a pack that is not may be in another place. */
export async function storedSize(
  domain: DomainContext,
  { packId, size }: Pick<IndexedPack, "packId" | "size">,
  stored: Map<string, number>,
): Promise<number | undefined> {
  const key = packKey(domain, packId);
  let actual = stored.get(key);
  while (actual !== undefined && actual !== size) {
    const place = domain.places.current(key);
    const here = (await domain.store.head(key))?.size; // it may be read from another place than it was listed from
    const error = malformed(key, `has ${actual} bytes, ${size} were stored`);
    if (here !== size && !(await domain.places.giveUp(key, place, error))) break;
    actual = here === size ? size : (await domain.store.head(key))?.size;
    if (actual !== undefined) stored.set(key, actual);
  }
  return actual;
}

/**
 * The index without the packs that are lost: a writer must store their chunks anew, and a reader may find them in
 * another pack.
 */
export async function loadStoredIndex(domain: DomainContext, avoid?: Iterable<string>): Promise<ChunkIndex> {
  return (await loadIndex(domain, avoid)).index;
}

async function listPacks(domain: DomainContext): Promise<Map<string, number>> {
  const stored = new Map<string, number>();
  for await (const { key, size } of domain.store.list(`${domain.prefix}packs/`)) stored.set(key, size);
  return stored;
}

/** Every index object that is there; `vanished` when a sweep removed one meanwhile, and what took its place was not listed. */
async function readAll(
  domain: DomainContext,
  damaged: Damaged[],
): Promise<{ readonly objects: Map<string, IndexObject>; readonly vanished: boolean }> {
  const folder = `${domain.prefix}index/`;
  const ids: string[] = [];
  for await (const { key } of domain.store.list(folder)) ids.push(key.slice(folder.length));
  ids.sort();
  let vanished = false;
  const objects = await mapLimit(ids, concurrency, async (id) => {
    const object = await orDamaged(`${folder}${id}`, damaged, () => readIndex(domain, id));
    if (object === "missing") vanished = true;
    return object === undefined || object === "missing" ? [] : [[id, object] as const];
  });
  return { objects: new Map(objects.flat()), vanished };
}

/** Adds every pack that is stored and not in the index, by its footer. Returns the packs that cannot be read. */
export async function addUncoveredPacks(domain: DomainContext, index: ChunkIndex): Promise<Damaged[]> {
  const damaged: Damaged[] = [];
  for await (const { key, size } of domain.store.list(`${domain.prefix}packs/`)) {
    const packId = packIdOf(key);
    if (packId === undefined || packKey(domain, packId) !== key || index.hasPack(packId)) continue;
    const found = await orDamaged(key, damaged, () => findFooter(domain, packId, size));
    if (found === undefined || found === "missing") continue;
    const segments = await orDamaged(key, damaged, async () => decodeFooter(found.footer, key));
    if (segments !== undefined && segments !== "missing") index.addPack(packId, found.size, segments);
  }
  return damaged;
}

/** The id of a pack by its key, or undefined when it has none. */
export function packIdOf(key: string): Buffer | undefined {
  const name = key.slice(key.lastIndexOf("/") + 1);
  return /^[0-9a-f]{32}$/.test(name) ? Buffer.from(name, "hex") : undefined;
}

async function orDamaged<T>(
  key: string,
  damaged: Damaged[],
  read: () => Promise<T>,
): Promise<T | "missing" | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code === "object-missing") return "missing"; // it was listed, so a sweep removed it meanwhile
    if (error.code !== "repository-corrupt") throw thrown;
    damaged.push({ key, error });
    return undefined;
  }
}
