import { MusterError } from "@muster/core";
import type { ByteRange, GetOptions } from "@muster/object-store";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openBox } from "../encrypt/box.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import type { ChunkIndex, ChunkPlace, SegmentPlace } from "../index/chunk-index.ts";
import { addUncoveredPacks, loadStoredIndex, packIdOf } from "../index/load-index.ts";
import { packBoxKey, packKey } from "../pack/layout.ts";

/** Decoded segments that a reader holds, of 1 to 2 MiB each. */
const keptSegments = 8;

/** Reads chunks by id. Throws `repository-corrupt` naming the pack and box, or the chunk that is nowhere. */
export interface ChunkReader {
  /** The chunk's plain bytes, checked against its id; a view that must not be changed. */
  read(id: Uint8Array): Promise<Buffer>;
  /** Where the chunk is. */
  locate(id: Uint8Array): Promise<ChunkPlace>;
}

/**
 * Reads by an index. Whoever reads holds no lease, so a sweep may put a pack's chunks elsewhere meanwhile: when a pack is gone, the
 * index is loaded anew, and its chunks are read from where they are now.
 */
export function chunkReader(domain: DomainContext, index: ChunkIndex): ChunkReader {
  const first = readerOf(domain, index);
  let latest = first;
  let renewing: Promise<void> | undefined;
  const gone = new Set<string>(); // ids in hex; a list may show them for a while
  const loadAnew = async (): Promise<void> => {
    try {
      latest = readerOf(domain, await loadStoredIndex(domain, gone));
    } finally {
      renewing = undefined;
    }
  };
  const readAgain = async (id: Uint8Array, tried: ChunkReader, thrown: unknown): Promise<Buffer> => {
    const pack = missingPack(thrown);
    if (pack === undefined) throw thrown;
    if (latest === tried) {
      gone.add(pack);
      renewing ??= loadAnew();
      await renewing;
    }
    const next = latest;
    return next.read(id).catch((again: unknown) => {
      if (missingPack(again) !== undefined) return readAgain(id, next, again); // another one, or it would be left out
      throw isCorrupt(again) ? thrown : again; // the chunk is nowhere else: what was found first tells more
    });
  };
  return {
    locate: first.locate,
    read(id) {
      const tried = latest;
      return tried.read(id).catch((thrown: unknown) => readAgain(id, tried, thrown));
    },
  };
}

/** The id in hex of the pack that `readBox` did not find, when it was that. */
export function missingPack(thrown: unknown): string | undefined {
  if (!(thrown instanceof MusterError) || !(thrown.cause instanceof MusterError)) return undefined;
  if (thrown.cause.code !== "object-missing" || typeof thrown.details.key !== "string") return undefined;
  return packIdOf(thrown.details.key)?.toString("hex");
}

function isCorrupt(thrown: unknown): boolean {
  return thrown instanceof MusterError && thrown.code === "repository-corrupt";
}

/** Reads by one index, whatever has happened to the store since. */
function readerOf(domain: DomainContext, index: ChunkIndex): ChunkReader {
  const load = segmentCache(domain, index);
  let searched: Promise<unknown> | undefined;
  const locate = async (id: Uint8Array): Promise<ChunkPlace> => {
    const known = index.find(id);
    if (known !== undefined) return known;
    // An index object may be lost; what it said is in the footers of its packs.
    searched ??= addUncoveredPacks(domain, index);
    await searched;
    const found = index.find(id);
    if (found !== undefined) return found;
    const hex = Buffer.from(id).toString("hex");
    throw new MusterError("repository-corrupt", `chunk ${hex} of domain ${domain.name} is in no pack`);
  };
  return {
    locate,
    async read(id) {
      const { segment, offset, length } = await locate(id);
      const key = packKey(domain, index.place(segment).packId);
      return readHealthy(domain, key, async () => {
        const chunk = (await load(segment)).subarray(offset, offset + length);
        if (domain.ids.of(chunk).equals(id)) return chunk;
        // It was sealed with another content: another place may have what was meant.
        throw malformed(`a chunk of ${key}`, "is not what its id says");
      });
    },
  };
}

/** Loads segments, keeping the ones used last as long as their packs are read from the same place; who asks for one that is on its way shares it. */
function segmentCache(domain: DomainContext, index: ChunkIndex): (segment: number) => Promise<Buffer> {
  const kept = new Map<number, { readonly place: string; readonly loading: Promise<Buffer> }>();
  return (segment) => {
    const place = domain.places.current(packKey(domain, index.place(segment).packId));
    const known = kept.get(segment);
    const entry = known?.place === place ? known : { place, loading: loadSegment(domain, index, segment) };
    kept.delete(segment);
    kept.set(segment, entry);
    entry.loading.catch(() => kept.delete(segment)); // a failure is not kept: the next call tries anew
    const [oldest] = kept.keys();
    if (kept.size > keptSegments && oldest !== undefined) kept.delete(oldest);
    return entry.loading;
  };
}

async function loadSegment(domain: DomainContext, index: ChunkIndex, segment: number): Promise<Buffer> {
  const place = index.place(segment);
  const { packId, position, plainLength } = place;
  const plain = await readHealthy(domain, packKey(domain, packId), async () =>
    openBox(packBoxKey(domain, packId), position, await readBox(domain, place)),
  );
  if (plain.length !== plainLength) throw malformed(packKey(domain, packId), `has box ${position} of another length`);
  return plain;
}

/** The box of a segment as it is stored, in `memory` where the store does that. Throws `repository-corrupt` when its pack is missing or too short. */
export function readBox(
  domain: DomainContext,
  { packId, offset, length }: SegmentPlace,
  memory?: Uint8Array,
): Promise<Uint8Array> {
  return readRange(domain, packKey(domain, packId), { range: { offset, length }, memory });
}

async function readRange(
  { store }: DomainContext,
  key: string,
  options: GetOptions & { readonly range: ByteRange },
): Promise<Uint8Array> {
  const { range } = options;
  try {
    const bytes = await store.get(key, options);
    if (bytes.length === range.length) return bytes;
    throw malformed(key, `gave ${bytes.length} bytes for ${range.length}`);
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-missing") throw thrown;
    throw new MusterError("repository-corrupt", `${key} is missing`, { cause: thrown, details: { key } });
  }
}
