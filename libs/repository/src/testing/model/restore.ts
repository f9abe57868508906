import { MusterError } from "@muster/core";
import { copiesContext } from "../../context.ts";
import { domainOf } from "../../open-domain.ts";
import { readBack } from "../sample.ts";
import { ModelViolation } from "./check.ts";
import type { Actor } from "./scheduler.ts";
import { longestLag } from "./sim-store.ts";
import type { SiteName } from "./sites.ts";
import { access, storesOf, type World } from "./world.ts";

/** From which copies a point is read, in this order. */
export type Order = readonly [SiteName, ...SiteName[]];

/** Points that a restore must find in a site: acknowledged before any list lagged, and not to be deleted. */
export function restorable({ sites, time }: World, name: SiteName): string[] {
  const { committed, released } = sites[name];
  return [...committed].flatMap(([id, at]) => (at + longestLag > time.now || released.has(id) ? [] : [id]));
}

/**
 * Restores a point without a lease, while sweeps go on. What it gives must be what was stored; and unless disks or calls
 * fail, it must give it.
 */
export async function restore(world: World, self: Actor, order: Order, id: string): Promise<void> {
  world.restoring.set(self.name, id);
  try {
    const stores = storesOf(world, "restore", self, order[0]);
    await restoreFrom(world, order, stores, id);
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || self.faults > 0 || world.temper.damaging) throw thrown;
    throw new ModelViolation(`the point ${id}, which is whole, could not be restored: ${thrown.message}`);
  } finally {
    world.restoring.delete(self.name);
  }
}

/** Reads every file of a point and compares it. Throws a violation for other content, and what the reader throws. */
export async function restoreFrom(
  { bug, contents }: World,
  [first, ...others]: Order,
  stores: Actor["stores"],
  id: string,
): Promise<void> {
  const copyAt = (name: SiteName) => ({ name, store: stores[name] });
  const named = { repositoryId: access.repositoryId, name: access.domain, domainKey: access.key };
  const context = copiesContext([copyAt(first), ...others.map(copyAt)], named);
  const domain = domainOf(bug?.role === "restore" && bug.context !== undefined ? bug.context(context) : context);
  const found = await readBack(await domain.openPoint(id));
  for (const [path, bytes] of Object.entries(contents.get(id) ?? {})) {
    if (found[path]?.equals(bytes) !== true) throw new ModelViolation(`${path} of the point ${id} is not what it was`);
  }
}
