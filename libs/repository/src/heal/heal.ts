import { asMusterError, type MusterError, type Timer } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "../context.ts";
import { copyPoints } from "../copy/copy-points.ts";
import { type DomainAccess, domainKeyBytes } from "../open-domain.ts";
import type { Damage, VerifyLevel } from "../verify/types.ts";
import { verifyDomain } from "../verify/verify.ts";
import { type Healed, healObject } from "./heal-object.ts";
import type { NamedStore } from "./places.ts";

export interface HealOptions {
  /** How deeply damage is looked for first; `read` when left out. */
  readonly level?: VerifyLevel | undefined;
  /** What a verification has found a moment ago; it is not looked for again. */
  readonly damage?: readonly Damage[] | undefined;
  /** Ids of points that should be there and are not: they are brought back whole. */
  readonly missingPoints?: readonly string[] | undefined;
  /** Who heals, for people; in leases. */
  readonly holder: string;
  /** What signs of life of the leases are given by. */
  readonly timer?: Timer | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HealReport {
  /** Objects that are whole again, and the repository that they came from; none when they could be made anew from what is here. */
  readonly healed: readonly { readonly object: string; readonly from?: string }[];
  /** Ids of points that are there again. */
  readonly points: readonly string[];
  /** What no copy has whole. Packs among it are marked, and the next backups store again what they still have of them. */
  readonly left: readonly Damage[];
}

/**
 * Puts whole objects in the place of damaged and missing ones: from copies, each checked before it counts, or made anew where nothing is
 * lost. What was healed may show what else is missing, so it looks again until nothing more can be healed. Throws failures of the store
 * itself; a copy that fails is left out.
 */
export async function healDomain(
  store: ObjectStore,
  copies: readonly NamedStore[],
  access: DomainAccess,
  options: HealOptions,
): Promise<HealReport> {
  const { level = "read", signal } = options;
  const site: HealSite = { store, copies, access, options };
  const healed = new Map<string, Healed>();
  const points = new Set<string>();
  const left = new Map<string, Damage>();
  let damage = options.damage ?? (await verifyDomain(contextOf(site, store), { level, signal })).damage;
  for (let wanted = options.missingPoints ?? []; ; wanted = []) {
    const round = await healRound(site, damage, wanted);
    const isNew =
      round.points.some((id) => !points.has(id)) || [...round.healed.keys()].some((key) => !healed.has(key));
    for (const [object, from] of round.healed) healed.set(object, from);
    for (const id of round.points) points.add(id);
    for (const one of round.left) left.set(`${one.object} ${one.point ?? ""}`, one);
    if (!isNew) break;
    // What is in the packs was read before; a tree that can be read again names chunks that nobody had asked for.
    const { damage: shown } = await verifyDomain(contextOf(site, store), { level: "presence", signal });
    damage = shown.filter(({ object, point = "" }) => !left.has(`${object} ${point}`));
    if (damage.length === 0) break;
  }
  return {
    healed: [...healed].map(([object, from]) => ({ object, ...from })),
    points: [...points],
    left: [...left.values()],
  };
}

interface HealSite {
  readonly store: ObjectStore;
  readonly copies: readonly NamedStore[];
  readonly access: DomainAccess;
  readonly options: HealOptions;
}

interface HealedRound {
  readonly healed: ReadonlyMap<string, Healed>;
  readonly points: readonly string[];
  readonly left: readonly Damage[];
}

function contextOf({ access }: HealSite, of: ObjectStore): DomainContext {
  return domainContext(of, access.repositoryId, access.domain, domainKeyBytes(access));
}

/** Heals what is known to be damaged, and brings back points that are gone. */
async function healRound(
  site: HealSite,
  damage: readonly Damage[],
  missingPoints: readonly string[],
): Promise<HealedRound> {
  const { store, copies, access, options } = site;
  const { signal } = options;
  const domain = contextOf(site, store);
  const sources = copies.map(({ name, store: from }) => ({ name, domain: contextOf(site, from) }));
  const healed = new Map<string, Healed>();
  for (const object of new Set(damage.map(({ object }) => object))) {
    const done = await healObject(domain, sources, object, signal);
    if (done !== undefined) healed.set(object, done);
  }

  // A manifest that is whole, but whose content is in no pack: the point gets the packs that a copy has.
  const open = damage.filter(({ object }) => !healed.has(object));
  const manifests = `${domain.prefix}points/`;
  const hit = new Set(open.flatMap(({ object, point }) => (object.startsWith(manifests) ? (point ?? []) : [])));
  const points = new Set<string>();
  for (const { store: from } of copies) {
    const wanted = [...hit, ...missingPoints].filter((id) => !points.has(id));
    if (wanted.length === 0) break;
    const { present, failed } = await orNothing(() =>
      copyPoints(from, store, access, {
        holder: options.holder,
        timer: options.timer,
        points: wanted,
        complete: true,
        signal,
      }),
    );
    const bad = new Set(failed.map(({ point }) => point));
    for (const id of present) if (!bad.has(id)) points.add(id);
  }
  const left = open.filter(({ object, point = "" }) => !(object.startsWith(manifests) && points.has(point)));
  return { healed, points: [...points], left };
}

/** A copy that cannot be read heals nothing; what it should have healed is told as left. */
async function orNothing<
  T extends { present: readonly string[]; failed: readonly { point: string; error: MusterError }[] },
>(work: () => Promise<T>): Promise<Pick<T, "present" | "failed">> {
  try {
    return await work();
  } catch (thrown) {
    const { code } = asMusterError(thrown);
    if (code === "cancelled" || code === "lease-lost") throw thrown;
    return { present: [], failed: [] };
  }
}
