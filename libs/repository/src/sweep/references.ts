import { breather, MusterError, mapLimit, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { malformed } from "../encoding/byte-reader.ts";
import { openBox } from "../encrypt/box.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { packBoxKey, packKey } from "../pack/layout.ts";
import { decodeList } from "../tree/chunk-list.ts";
import { decodeEntries } from "../tree/entry-codec.ts";
import { keyWidth } from "./disk/id-table.ts";
import { partitionCount, partitions } from "./disk/partitions.ts";
import { leafRole, type ReferenceSet, type Role, referenceSet } from "./disk/reference-set.ts";
import { type Inventory, placeField, placeWidth } from "./inventory.ts";

/** Segments read at once. */
const concurrency = 4;

/**
 * Every chunk that these points need, lists and trees too. Lists are followed role by role, each once however many points share
 * it, in the order in which they are stored; so memory does not grow with the number of chunks or points. Throws
 * `repository-corrupt` when one cannot be read: then it is not known what is needed.
 */
export async function findReferences(
  domain: DomainContext,
  inventory: Inventory,
  manifests: AsyncIterable<Manifest>,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<ReferenceSet> {
  const references = referenceSet(folder);
  for await (const { tree } of manifests) references.addContent(tree, "tree");
  for (let role = nextRole(references, undefined); role !== undefined; role = nextRole(references, role)) {
    const wanted = partitions(folder, `wanted-${role}`, wantedWidth, 4096);
    locate(inventory, references, role, wanted, domain);
    const segments = inSegmentOrder(inventory, wanted);
    await mapLimit(segments, concurrency, async (chunks) => {
      throwIfAborted(signal);
      await follow(domain, inventory, chunks, (plain) => addMembers(references, role, plain));
    });
    wanted.close();
  }
  return references;
}

/** The highest role below `last` that has chunks to follow. */
function nextRole(references: ReferenceSet, last: Role | undefined): Role | undefined {
  return references.roles().find((role) => role > 0 && (last === undefined || role < last));
}

function addMembers(references: ReferenceSet, role: Role, plain: Buffer): void {
  if (role === leafRole) for (const { content } of decodeEntries(plain)) references.addContent(content, "entry");
  else for (const { id } of decodeList(plain)) references.add(role - 1, id);
}

/** One byte by which segments are kept apart, then a place. */
const wantedWidth = 1 + placeWidth;

/** Finds where the chunks of a role are: for each its first place. */
function locate(
  { places, segments }: Inventory,
  references: ReferenceSet,
  role: Role,
  wanted: ReturnType<typeof partitions>,
  domain: DomainContext,
): void {
  const record = Buffer.alloc(wantedWidth);
  for (let partition = 0; partition < partitionCount; partition++) {
    const ids = references.ids(partition, role);
    if (ids.size === 0) continue;
    const found = new Uint8Array(ids.size);
    let missing = ids.size;
    const stored = places.read(partition);
    for (let at = 0; at < stored.length && missing > 0; at += placeWidth) {
      const place = ids.find(stored, at);
      if (place < 0 || found[place] === 1) continue;
      found[place] = 1;
      missing -= 1;
      record[0] = Math.floor((stored.readUInt32LE(at + placeField.segment) * partitionCount) / segments.count);
      stored.copy(record, 1, at, at + placeWidth);
      wanted.add(record);
    }
    if (missing > 0) throw notFound(domain, ids.at(found.indexOf(0)));
  }
}

function notFound(domain: DomainContext, id: Buffer): MusterError {
  const message = `a list of domain ${domain.name}, chunk ${id.toString("hex")}…, is in no pack`;
  return new MusterError("repository-corrupt", message, {
    hint: "Run a verification: while a point is damaged it is not known which data it needs, so none is deleted.",
  });
}

/** The wanted chunks of one segment. */
export interface WantedChunks {
  readonly segment: number;
  readonly chunks: { readonly id: Buffer; readonly offset: number; readonly length: number }[];
}

function* inSegmentOrder({ segments }: Inventory, wanted: ReturnType<typeof partitions>): Generator<WantedChunks> {
  for (let partition = 0; partition < partitionCount && segments.count > 0; partition++) {
    const bySegment = new Map<number, WantedChunks>();
    const records = wanted.read(partition);
    for (let at = 1; at < records.length; at += wantedWidth) {
      const segment = records.readUInt32LE(at + placeField.segment);
      const { chunks } = bySegment.get(segment) ?? bySegment.set(segment, { segment, chunks: [] }).get(segment) ?? {};
      const [offset, length] = [
        records.readUInt32LE(at + placeField.offset),
        records.readUInt32LE(at + placeField.length),
      ];
      chunks?.push({ id: records.subarray(at, at + keyWidth), offset, length });
    }
    yield* [...bySegment.values()].sort((a, b) => a.segment - b.segment);
  }
}

/** Reads one segment and hands out its wanted chunks, each checked against its id. */
export async function follow(
  domain: DomainContext,
  { packs, segments }: Inventory,
  { segment, chunks }: WantedChunks,
  each: (plain: Buffer) => void,
): Promise<void> {
  const { pack, position, offset, length } = segments.get(segment);
  const packId = packs.id(pack);
  const key = packKey(domain, packId);
  const pause = breather(20);
  const plain = await readHealthy(domain, key, async () => {
    const box = await domain.store.get(key, { range: { offset, length } });
    const opened = await openBox(packBoxKey(domain, packId), position, box);
    for (const { id, offset: at, length: bytes } of chunks) {
      const found = domain.ids.of(opened.subarray(at, at + bytes)).subarray(0, keyWidth);
      if (!found.equals(id)) throw malformed(`a chunk of ${key}`, "is not what its id says");
      await pause();
    }
    return opened;
  });
  for (const chunk of chunks) {
    each(plain.subarray(chunk.offset, chunk.offset + chunk.length));
    await pause();
  }
}
