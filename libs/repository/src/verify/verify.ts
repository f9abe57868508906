import { asMusterError, throwIfAborted } from "@muster/core";
import type { DomainContext } from "../context.ts";
import { checkDomainKey, markerKey } from "../domain-key.ts";
import { malformed } from "../encoding/byte-reader.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import { addUncoveredPacks, type Damaged, loadIndex, packIdOf, storedSize } from "../index/load-index.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { findPoint, listPointKeys, readManifest } from "../manifest/points.ts";
import { decodeFooter } from "../pack/footer.ts";
import { packKey } from "../pack/layout.ts";
import { checkPack, type KnownSegment } from "./check-pack.ts";
import { type OnSegment, walkPoint } from "./check-points.ts";
import { type Findings, findings } from "./findings.ts";
import type { VerifyOptions, VerifyReport, VerifySample } from "./types.ts";

interface Tally {
  objects: number;
  bytesRead: number;
}

interface Check {
  readonly domain: DomainContext;
  readonly options: VerifyOptions;
  readonly found: Findings;
  readonly index: ChunkIndex;
  readonly tally: Tally;
}

/**
 * Checks a domain: its marker, indexes, manifests, packs, and which points and entries hang on what is damaged. Throws when
 * the store itself fails, and `point-missing`.
 */
export async function verifyDomain(domain: DomainContext, options: VerifyOptions): Promise<VerifyReport> {
  const found = findings();
  await checkMarker(domain, found);
  const { index, damaged, lost, stored } = await loadIndex(domain);
  noteStrangers(domain, stored, found);
  // Behind the others: a chunk that another pack has too is not lost.
  for (const { packId, size, footer } of lost) index.addPack(packId, size, decodeFooter(footer, "an index"));
  note(found, damaged);
  const check: Check = { domain, options, found, index, tally: { objects: 0, bytesRead: 0 } };
  const manifests = await checkManifests(check);

  // Without a point all packs count, also those that no index covers: they may hold what a lost index said.
  if (options.point === undefined) note(found, await addUncoveredPacks(domain, index));
  const wanted = options.point === undefined ? undefined : await packsOf(check, manifests);
  await checkPacks(check, stored, wanted);

  // Only now it is known what is bad, so only now it can be told whom that hits.
  for (const manifest of manifests) await walk(check, manifest, hitBad(found, manifest));
  return { level: options.level, points: manifests.map(({ id }) => id), ...check.tally, damage: found.damage() };
}

function note(found: Findings, damaged: readonly Damaged[]): void {
  for (const { key, error } of damaged) found.add(key, error.message);
}

async function checkMarker(domain: DomainContext, found: Findings): Promise<void> {
  try {
    await checkDomainKey(domain);
  } catch (thrown) {
    const error = asMusterError(thrown);
    if (error.code !== "repository-key-wrong") throw thrown;
    found.add(markerKey(domain.name), error.message);
  }
}

async function checkManifests({ domain, options, found, tally }: Check): Promise<Manifest[]> {
  if (options.point !== undefined) return [await findPoint(domain, options.point)];
  const manifests: Manifest[] = [];
  for (const point of await listPointKeys(domain)) {
    throwIfAborted(options.signal);
    try {
      manifests.push(await readManifest(domain, point));
    } catch (thrown) {
      const error = asMusterError(thrown);
      if (error.code !== "repository-corrupt") throw thrown;
      found.add(point.key, error.message);
      found.hit(point.key, point.id);
    }
    tally.objects += 1;
  }
  return manifests;
}

/** The keys of the packs that some points need. */
async function packsOf(check: Check, manifests: readonly Manifest[]): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const manifest of manifests) await walk(check, manifest, (key) => void keys.add(key), findings());
  return keys;
}

function walk(check: Check, manifest: Manifest, onSegment: OnSegment, found = check.found): Promise<void> {
  return walkPoint(check.domain, check.index, manifest, found, onSegment, check.options.signal);
}

function hitBad(found: Findings, { id }: Manifest): OnSegment {
  return (key, position, entry) => {
    if (found.isBad(key, position)) found.hit(key, id, entry);
  };
}

async function checkPacks(
  check: Check,
  stored: Map<string, number>,
  wanted: ReadonlySet<string> | undefined,
): Promise<void> {
  const { domain, options, found, index, tally } = check;
  const segments = options.level === "read" ? segmentsByPack(index) : new Map();
  for (const { packId, size } of index.packs()) {
    throwIfAborted(options.signal);
    const key = packKey(domain, packId);
    if (wanted !== undefined && !wanted.has(key)) continue;
    const listed = stored.get(key) === size ? size : await storedSize(domain, { packId, size }, stored);
    const actual = listed ?? (await domain.store.head(key))?.size; // a backup may have added it meanwhile
    if (actual === undefined) found.addMissing(key);
    else if (actual !== size) found.addSegment(key, undefined, `${key} has ${actual} bytes, ${size} were stored`);
    else if (options.level === "read" && isSampled(packId, options.sample)) {
      tally.bytesRead += await checkAnywhere(check, packId, segments.get(packId.toString("hex")) ?? new Map());
    }
    tally.objects += 1;
    options.onProgress?.({ ...tally });
  }
}

/** Checks a pack, and when it is damaged what stands in for it; it is bad when none of these is whole. */
async function checkAnywhere(
  { domain, found, options: { signal } }: Check,
  packId: Buffer,
  known: ReadonlyMap<number, KnownSegment>,
): Promise<number> {
  const key = packKey(domain, packId);
  for (;;) {
    const place = domain.places.current(key);
    const trial = findings();
    const bytes = await checkPack(domain, packId, known, trial, signal);
    const [damage] = trial.damage();
    if (damage === undefined) return bytes;
    if (await domain.places.giveUp(key, place, malformed(key, damage.message))) continue;
    return checkPack(domain, packId, known, found, signal); // once more, for its findings
  }
}

/** Ids of packs are random, so their first bytes make slices of like size. */
function isSampled(packId: Buffer, sample: VerifySample | undefined): boolean {
  return sample === undefined || packId.readUInt32BE(0) % sample.slices === sample.slice;
}

/** A thing among the packs that is none. */
function noteStrangers({ prefix }: DomainContext, stored: ReadonlyMap<string, number>, found: Findings): void {
  for (const key of stored.keys()) {
    const id = packIdOf(key)?.toString("hex");
    if (key !== `${prefix}packs/${id?.slice(0, 2)}/${id}`) found.add(key, `${key} is not the key of a pack`);
  }
}

function segmentsByPack(index: ChunkIndex): Map<string, Map<number, KnownSegment>> {
  const packs = new Map<string, Map<number, KnownSegment>>();
  for (let segment = 0; segment < index.segments; segment++) {
    const { packId, position, ...known } = index.place(segment);
    const name = packId.toString("hex");
    const inside = packs.get(name) ?? new Map<number, KnownSegment>();
    packs.set(name, inside.set(position, known));
  }
  return packs;
}
