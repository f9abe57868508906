import { asMusterError, MusterError, systemClock } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "../context.ts";
import { checkDomainKey, claimDomain } from "../domain-key.ts";
import { readHealthy } from "../heal/read-healthy.ts";
import type { ChunkIndex } from "../index/chunk-index.ts";
import { loadStoredIndex } from "../index/load-index.ts";
import { holdLease, type Lease } from "../lease/hold.ts";
import { type Manifest, openManifest } from "../manifest/manifest.ts";
import { listPointKeys, type PointKey, readManifest } from "../manifest/points.ts";
import { type DomainAccess, domainKeyBytes } from "../open-domain.ts";
import { packKey } from "../pack/layout.ts";
import { readRepositoryFile } from "../repository-file.ts";
import { copyPacks, type PackToCopy } from "./copy-packs.ts";
import { indexedPacks } from "./indexed-packs.ts";
import { putOnce } from "./init-copy.ts";
import { neededPacks } from "./needed-packs.ts";
import { paceOf } from "./pace.ts";
import { rewritePacks } from "./rewrite-packs.ts";
import type { CopyOptions, CopyReport } from "./types.ts";

/**
 * Copies points of a domain from a repository to a copy of it, newest first; of each point first its packs, then their index, its
 * manifest last. Only what the target lacks is copied, so a copy that was interrupted goes on where it stopped. A point whose
 * data is damaged in the source is told, and the others are copied. Throws `repository-key-wrong` when the target is no copy
 * of the source, `lease-lost`, and failures of the stores.
 */
export async function copyPoints(
  from: ObjectStore,
  to: ObjectStore,
  access: DomainAccess,
  options: CopyOptions,
): Promise<CopyReport> {
  const [source, target] = await openBoth(from, to, access);
  await claimDomain(target, options.signal);
  const there = new Set((await listPointKeys(target)).map(({ name }) => name));
  const asked = options.points === undefined ? undefined : new Set(options.points);
  const wanted = (await listPointKeys(source, undefined, options.signal))
    .filter(({ id }) => asked?.has(id) ?? true)
    .sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
  const missing = options.complete === true ? wanted : wanted.filter(({ name }) => !there.has(name));
  const copier = await pointCopier(source, target, options, missing.length);
  const [copied, left, failed]: [string[], string[], { point: string; error: MusterError }[]] = [[], [], []];
  for (const point of missing) {
    try {
      const done = left.length === 0 && (await copier.copy(point));
      (done ? copied : left).push(point.id);
    } catch (thrown) {
      const error = asMusterError(thrown);
      if (error.code !== "repository-corrupt" && error.code !== "conflict") throw thrown;
      failed.push({ point: point.id, error });
    }
  }
  const before = wanted.filter(({ name }) => there.has(name)).map(({ id }) => id);
  const present = [...new Set([...copied, ...before])];
  return { copied, present, failed, left, ...copier.written() };
}

/** `<time>-<id>`, which sorts by the moment that a point restores to. */
function timeOf({ name }: PointKey): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

async function openBoth(
  from: ObjectStore,
  to: ObjectStore,
  access: DomainAccess,
): Promise<[DomainContext, DomainContext]> {
  const contexts: DomainContext[] = [];
  for (const store of [from, to]) {
    const { id } = await readRepositoryFile(store);
    if (id !== access.repositoryId) {
      throw new MusterError(
        "repository-key-wrong",
        `${store.description} holds repository ${id}, no copy of ${access.repositoryId}`,
        { hint: "Begin the copy in an empty place; in control-plane.yaml with copyOf." },
      );
    }
    const context = domainContext(store, id, access.domain, domainKeyBytes(access));
    await checkDomainKey(context);
    contexts.push(context);
  }
  return contexts as [DomainContext, DomainContext]; // one for each of the two stores
}

interface PointCopier {
  /** False when the time was over before the point was whole in the target. */
  copy(point: PointKey): Promise<boolean>;
  written(): { packs: number; bytes: number };
}

async function pointCopier(
  source: DomainContext,
  target: DomainContext,
  options: CopyOptions,
  pointsTotal: number,
): Promise<PointCopier> {
  const { clock = systemClock, holder, timer, until = Number.POSITIVE_INFINITY } = options;
  const index = await loadStoredIndex(source);
  const needed = neededPacks(source, index);
  const covered = await indexedPacks(target);
  const pace = paceOf(options.bytesPerSecond, clock);
  const count = { points: 0, packs: 0, bytes: 0, bytesTotal: 0 };
  const tell = (): void =>
    options.onProgress?.({ points: count.points, pointsTotal, bytes: count.bytes, bytesTotal: count.bytesTotal });
  const sizeOf = packSizes(index);
  const onPack = (bytes: number): void => {
    count.packs += 1;
    count.bytes += bytes;
    tell();
  };
  const copyData = async (manifest: Manifest, lease: Lease): Promise<boolean> => {
    const all = await needed(manifest, lease.signal);
    const avoided = [...all].filter((id) => lease.avoid.has(id)).sort();
    const packs = await missingPacks({ target, lease, covered, sizeOf }, all);
    count.bytesTotal += packs.reduce((sum, { size, stored }) => sum + (stored ? 0 : size), 0);
    count.bytesTotal += avoided.reduce((sum, id) => sum + sizeOf(id), 0);
    tell();
    const { signal } = lease;
    const mayGoOn = (): boolean => clock.now() < until;
    const whole = await copyPacks({ from: source, to: target, pace, signal, mayGoOn, onPack }, packs);
    if (whole) for (const { packId } of packs) covered.add(packId.toString("hex"));
    const ids = avoided.map((id) => Buffer.from(id, "hex"));
    return whole && (await rewritePacks({ from: source, to: target, lease, pace, mayGoOn, onPack }, ids));
  };
  return {
    written: () => ({ packs: count.packs, bytes: count.bytes }),
    async copy(point) {
      if (clock.now() >= until) return false;
      const manifest = await readManifest(source, point, options.signal);
      const lease = await holdLease(target, { purpose: "copy", holder, timer, signal: options.signal });
      try {
        if (!(await copyData(manifest, lease))) return false;
        lease.requireHeld();
        const sealed = await sealedManifest(source, point);
        await lease.commit(point.name, (key) => putManifest(target, key, sealed, options.signal));
      } finally {
        await lease.release();
      }
      count.points += 1;
      tell();
      return true;
    },
  };
}

/** Throws `conflict` when a sweep of the target has taken the name, so that the point can never be there. */
async function putManifest(
  { store }: DomainContext,
  key: string,
  sealed: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  await putOnce(store, key, sealed, signal);
  if ((await store.head(key, { signal }))?.size !== 0) return;
  throw new MusterError("conflict", `${key} cannot be made any more: a sweep has refused it`, {
    hint: "It was written too late for its lease. Newer points are copied.",
  });
}

/** The bytes of a manifest as they are stored, from a place where they are whole. */
function sealedManifest(source: DomainContext, { key, name }: PointKey): Promise<Uint8Array> {
  return readHealthy(source, key, async () => {
    const sealed = await source.store.get(key);
    await openManifest(source, name, sealed);
    return sealed;
  });
}

/** Sizes of packs by id in hex. The index grows when a chunk is looked for that no index object speaks of. */
function packSizes(index: ChunkIndex): (packId: string) => number {
  let sizes = new Map<string, number>();
  return (packId) => {
    if (!sizes.has(packId))
      sizes = new Map([...index.packs()].map(({ packId, size }) => [packId.toString("hex"), size]));
    return sizes.get(packId) ?? 0;
  };
}

interface Lacking {
  readonly target: DomainContext;
  readonly lease: Lease;
  /** Packs (ids in hex) that an index of the target speaks of. */
  readonly covered: ReadonlySet<string>;
  readonly sizeOf: (packId: string) => number;
}

/**
 * What of the needed packs the target lacks, as it is now that the lease is held: nothing of it goes away any more. Packs to avoid are left
 * out: nothing can be counted on under their names.
 */
async function missingPacks({ target, lease, covered, sizeOf }: Lacking, needed: Set<string>): Promise<PackToCopy[]> {
  const there = new Map<string, number>();
  for await (const { key, size } of target.store.list(`${target.prefix}packs/`)) there.set(key, size);
  const wanted = [...needed].filter((id) => !lease.avoid.has(id)).sort();
  return wanted.flatMap((id) => {
    const packId = Buffer.from(id, "hex");
    const size = sizeOf(id);
    const found = there.get(packKey(target, packId));
    const stored = found === size;
    return stored && covered.has(id) ? [] : [{ packId, size, stored, taken: found !== undefined }];
  });
}
