import { mapLimit, throwIfAborted } from "@muster/core";
import { openBox } from "../encrypt/box.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import { chunkIndex } from "../index/chunk-index.ts";
import { packBoxKey, packKey } from "../pack/layout.ts";
import { type ChunkWriter, chunkWriter } from "../write/chunk-writer.ts";
import { partitionCount } from "./disk/partitions.ts";
import type { ReferenceSet } from "./disk/reference-set.ts";
import { type Inventory, placeField, placeWidth } from "./inventory.ts";
import { homesOf } from "./needs.ts";
import type { PackTable } from "./pack-table.ts";
import type { DomainRun } from "./run.ts";
import { addPack } from "./sweep-packs.ts";

/** Plain bytes that one sweep of a domain writes anew at most: the rest is left for the next one. */
const mostBytes = 2 * 2 ** 30;
/** Packs taken together, so that what is found of them fits into memory. */
const mostPacks = 512;

/** The packs of which less than the share is needed, the emptiest first, as many as one sweep writes anew. */
export function sparsePacks(packs: PackTable, below: number, isIdle: (pack: number) => boolean): Set<number> {
  const share = (pack: number): number => packs.needed(pack) / packs.plain(pack);
  const sparse: number[] = [];
  for (let pack = 0; pack < packs.count; pack++) {
    if (isIdle(pack) && packs.needed(pack) > 0 && share(pack) < below) sparse.push(pack);
  }
  let bytes = 0;
  const chosen = new Set<number>();
  for (const pack of sparse.sort((a, b) => share(a) - share(b)).slice(0, mostPacks)) {
    bytes += packs.needed(pack);
    if (bytes <= mostBytes) chosen.add(pack);
  }
  return chosen;
}

interface NeededChunk {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
  /** It describes content, so it belongs among its like. */
  readonly isMeta: boolean;
}

/**
 * Writes what is needed of these packs into new ones, with their index. The old packs stay: they are marked like others, and go
 * only when the verdict finds every needed chunk in a pack that no mark names.
 */
export async function repack(
  run: DomainRun,
  inventory: Inventory,
  references: ReferenceSet,
  sparse: ReadonlySet<number>,
): Promise<void> {
  const { domain, epoch, options, report } = run;
  await epoch.requireCurrent();
  const needed = neededChunks(inventory, references, sparse);
  const bySegment = Map.groupBy(
    needed.sort((a, b) => a.segment - b.segment),
    ({ segment }) => segment,
  );
  const writer = chunkWriter(domain, chunkIndex(), { level: 3, readBack: "all", signal: options.signal });
  try {
    await mapLimit(bySegment, 1, async ([segment, chunks]) => {
      throwIfAborted(options.signal);
      await copySegment(run, inventory, { segment, chunks }, writer);
    });
    await writer.finish();
  } finally {
    await writer.settle();
  }
  for (const pack of sparse) addPack(report.repacked, inventory.packs.size(pack));
}

async function copySegment(
  { domain }: DomainRun,
  { packs, segments }: Inventory,
  { segment, chunks }: { readonly segment: number; readonly chunks: readonly NeededChunk[] },
  writer: ChunkWriter,
): Promise<void> {
  const { pack, position, offset, length } = segments.get(segment);
  const packId = packs.id(pack);
  const key = packKey(domain, packId);
  const plain = await readHealthy(domain, key, async () =>
    openBox(packBoxKey(domain, packId), position, await domain.store.get(key, { range: { offset, length } })),
  );
  for (const chunk of chunks) {
    const bytes = plain.subarray(chunk.offset, chunk.offset + chunk.length);
    await (chunk.isMeta ? writer.storeMeta(bytes) : writer.store(bytes)); // its id is computed anew: damage cannot spread under it
  }
}

function neededChunks(
  { packs, places }: Inventory,
  references: ReferenceSet,
  sparse: ReadonlySet<number>,
): NeededChunk[] {
  const found: NeededChunk[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    const ids = references.ids(partition);
    if (ids.size === 0) continue;
    const data = references.ids(partition, 0);
    const stored = places.read(partition);
    const homes = homesOf(packs, stored, (at) => ids.find(stored, at), ids.size);
    for (let at = 0; at < stored.length; at += placeWidth) {
      const pack = stored.readUInt32LE(at + placeField.pack);
      if (!sparse.has(pack) || homes[ids.find(stored, at)] !== pack) continue;
      const [segment, offset, length] = [placeField.segment, placeField.offset, placeField.length].map((field) =>
        stored.readUInt32LE(at + field),
      );
      const isMeta = data.find(stored, at) < 0;
      found.push({ segment: segment ?? 0, offset: offset ?? 0, length: length ?? 0, isMeta });
    }
  }
  return found;
}
