import { asMusterError, type MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "../context.ts";
import { copyPoints } from "../copy/copy-points.ts";
import { type DomainAccess, domainKeyBytes } from "../open-domain.ts";
import type { Damage, VerifyLevel } from "../types.ts";
import { verifyDomain } from "../verify/verify.ts";
import { healObject } from "./heal-object.ts";
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
 * lost. Throws failures of the store itself; a copy that fails is left out.
 */
export async function healDomain(
  store: ObjectStore,
  copies: readonly NamedStore[],
  access: DomainAccess,
  options: HealOptions,
): Promise<HealReport> {
  const contextOf = (of: ObjectStore): DomainContext =>
    domainContext(of, access.repositoryId, access.domain, domainKeyBytes(access));
  const { level = "read", signal } = options;
  const damage = options.damage ?? (await verifyDomain(contextOf(store), { level, signal })).damage;
  const sources = copies.map(({ name, store: from }) => ({ name, domain: contextOf(from) }));

  const healed: { object: string; from?: string }[] = [];
  for (const object of new Set(damage.map(({ object }) => object))) {
    const done = await healObject(contextOf(store), sources, object, signal);
    if (done !== undefined) healed.push({ object, ...done });
  }

  // A manifest that is whole, but whose content is in no pack: the point gets the packs that a copy has.
  const whole = new Set(healed.map(({ object }) => object));
  const open = damage.filter(({ object }) => !whole.has(object));
  const manifests = `${contextOf(store).prefix}points/`;
  const hit = new Set(open.flatMap(({ object, point }) => (object.startsWith(manifests) ? (point ?? []) : [])));
  const points = new Set<string>();
  for (const { store: from } of copies) {
    const wanted = [...hit, ...(options.missingPoints ?? [])].filter((id) => !points.has(id));
    if (wanted.length === 0) break;
    const { present, failed } = await orNothing(() =>
      copyPoints(from, store, access, { holder: options.holder, points: wanted, complete: true, signal }),
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
