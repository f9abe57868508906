import { asMusterError, mapLimit } from "@muster/core";
import { decodeFooter } from "../pack/footer.ts";
import { packKey, readFooter } from "../pack/layout.ts";
import { keyWidth } from "./disk/id-table.ts";
import { partitionCount, partitions } from "./disk/partitions.ts";
import type { ReferenceSet } from "./disk/reference-set.ts";
import { type Inventory, placeField, placeWidth } from "./inventory.ts";
import { homesOf } from "./needs.ts";
import { follow, type WantedChunks } from "./references.ts";
import type { DomainRun } from "./run.ts";

const concurrency = 4;
/** A record: a chunk's id, then the number of the pack that has it. */
const claimWidth = keyWidth + 4;

/**
 * Which of these packs nobody needs, by what is in themselves: indexes and other packs may lie, since agents write them. A pack's own
 * footer says what it has; and each chunk of it that a point needs is read from another pack and must be what its id says.
 * Returns the packs for which all that is so.
 */
export async function provenIdle(
  run: DomainRun,
  inventory: Inventory,
  references: ReferenceSet,
  candidates: readonly number[],
): Promise<ReadonlySet<number>> {
  const doubtful = new Set<number>();
  const claims = partitions(run.folder, `claims-${crypto.randomUUID()}`, claimWidth, 4096);
  try {
    await mapLimit(candidates, concurrency, async (pack) => {
      if (!(await readOwn(run, inventory, pack, (record) => claims.add(record)))) doubtful.add(pack);
    });
    for (let partition = 0; partition < partitionCount; partition++) {
      const copies = copiesOf(inventory, references, partition, claims.read(partition), doubtful);
      await mapLimit(copies, concurrency, async ({ wanted, dependants }) => {
        if (!(await isWhole(run, inventory, wanted))) for (const pack of dependants) doubtful.add(pack);
      });
    }
  } finally {
    claims.close();
  }
  return new Set(candidates.filter((pack) => !doubtful.has(pack)));
}

/** Hands out the chunks of a pack by its own footer; false when that cannot be read. */
async function readOwn(
  { domain, report }: DomainRun,
  { packs }: Inventory,
  pack: number,
  each: (record: Buffer) => void,
): Promise<boolean> {
  const id = packs.id(pack);
  const key = packKey(domain, id);
  const record = Buffer.alloc(claimWidth);
  record.writeUInt32LE(pack, keyWidth);
  try {
    for (const { chunks } of decodeFooter(await readFooter(domain, id, packs.size(pack)), key)) {
      for (const chunk of chunks) {
        record.set(chunk.id.subarray(0, keyWidth));
        each(record);
      }
    }
    return true;
  } catch (thrown) {
    const { code, message } = asMusterError(thrown);
    if (code === "object-missing") return true; // another sweeper was faster
    if (code !== "repository-corrupt") throw thrown;
    report.notes.push(`${key} is kept: ${message}`);
    return false;
  }
}

interface Copies {
  readonly wanted: WantedChunks;
  /** The packs that can go only when these copies are whole. */
  readonly dependants: Set<number>;
}

/** Where the needed ones of the claimed chunks are besides; a pack with one that is nowhere else is doubtful. */
function copiesOf(
  { packs, places }: Inventory,
  references: ReferenceSet,
  partition: number,
  claimed: Buffer,
  doubtful: Set<number>,
): Copies[] {
  const bySegment = new Map<number, Copies>();
  if (claimed.length === 0) return [];
  const ids = references.ids(partition);
  const stored = places.read(partition);
  const homes = homesOf(packs, stored, (at) => ids.find(stored, at), ids.size);
  const homeAt = new Map<number, number>(); // of a needed chunk: where in `stored` its home is
  for (let at = 0; at < stored.length; at += placeWidth) {
    const place = ids.find(stored, at);
    if (place >= 0 && homes[place] === stored.readUInt32LE(at + placeField.pack)) homeAt.set(place, at);
  }
  for (let claim = 0; claim < claimed.length; claim += claimWidth) {
    const place = ids.find(claimed, claim);
    if (place < 0) continue;
    const pack = claimed.readUInt32LE(claim + keyWidth);
    const at = homeAt.get(place);
    if (at === undefined || packs.standing(homes[place] ?? pack) !== "whole" || homes[place] === pack) {
      doubtful.add(pack);
      continue;
    }
    const segment = stored.readUInt32LE(at + placeField.segment);
    const known = bySegment.get(segment) ?? { wanted: { segment, chunks: [] }, dependants: new Set<number>() };
    bySegment.set(segment, known);
    known.dependants.add(pack);
    const [offset, length] = [stored.readUInt32LE(at + placeField.offset), stored.readUInt32LE(at + placeField.length)];
    known.wanted.chunks.push({ id: stored.subarray(at, at + keyWidth), offset, length });
  }
  return [...bySegment.values()];
}

async function isWhole({ domain }: DomainRun, inventory: Inventory, wanted: WantedChunks): Promise<boolean> {
  try {
    await follow(domain, inventory, wanted, () => undefined);
    return true;
  } catch (thrown) {
    const { code } = asMusterError(thrown);
    if (code === "repository-corrupt" || code === "object-missing") return false;
    throw thrown;
  }
}
