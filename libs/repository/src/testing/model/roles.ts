import { copyPoints } from "../../copy/copy-points.ts";
import { healDomain } from "../../heal/heal.ts";
import { listPointKeys } from "../../manifest/points.ts";
import { sweepRepository } from "../../sweep/sweep.ts";
import type { SweepRules } from "../../sweep/types.ts";
import { beginPoint } from "../../write/point-writer.ts";
import { meta, pieces, spec } from "../sample.ts";
import { ModelViolation } from "./check.ts";
import { requireHealed } from "./healed.ts";
import { restorable } from "./restore.ts";
import type { Actor } from "./scheduler.ts";
import { otherSite, type Site, type SiteName } from "./sites.ts";
import { access, authority, contextOf, grace, isHeld, skewedClock, storesOf, type World } from "./world.ts";

/** A backup by a host whose clock is wrong. */
export async function backUp(world: World, self: Actor, name: SiteName, id: string): Promise<void> {
  const clock = skewedClock(world);
  const startedAt = clock.now();
  const context = contextOf(storesOf(world, "backup", self, name)[name]);
  const writer = await beginPoint(context, spec({ pointId: id, startedAt }), { clock, timer: self.timer });
  try {
    const files = Object.entries(world.contents.get(id) ?? {});
    for (const [path, bytes] of files) await writer.addFile(path, meta, pieces(bytes));
    await writer.commit({ takenAt: startedAt });
    world.sites[name].committed.set(id, world.time.now);
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
}

/** A sweep of the repository of one site by the rules of the world. */
export async function sweep(world: World, self: Actor, name: SiteName): Promise<void> {
  const store = storesOf(world, "sweep", self, name)[name];
  const rules = rulesOf(world, world.sites[name]);
  const options = { rules, grace: world.bug?.grace ?? grace, scratch: world.scratch, repackBelow: 0.85 };
  await sweepRepository(store, () => ({ domain: contextOf(store), authority }), options);
}

function rulesOf(world: World, site: Site): SweepRules {
  const { expired, released, deleted } = site;
  const mayGo = (id: string): boolean => expired.has(id) && !isHeld(world, site, id);
  return {
    expired: async () => new Map([...expired].filter(mayGo).map((id) => [id, "the model says so"])),
    async release(_, ids) {
      const free = ids.filter((id) => released.has(id) || mayGo(id));
      for (const id of free) released.add(id);
      return new Set(free);
    },
    async deleted(_, ids) {
      for (const id of ids) deleted.add(id);
    },
  };
}

/** Copies what the target lacks and has not given up. */
export async function copy(world: World, self: Actor, from: SiteName): Promise<void> {
  const [source, target] = [world.sites[from], world.sites[otherSite(from)]];
  const stores = storesOf(world, "copy", self, target.name);
  const points = [...source.committed.keys()].filter((id) => !target.expired.has(id));
  const sure = new Set(restorable(world, from));
  const { timer } = self;
  const options = { holder: self.name, points, clock: skewedClock(world), timer };
  const report = await copyPoints(stores[from], stores[target.name], access, options);
  for (const id of report.copied) target.committed.set(id, world.time.now);
  for (const { point, error } of report.failed) {
    const isSure = sure.has(point) && !source.released.has(point) && error.code !== "conflict";
    if (isSure && self.faults === 0 && !world.temper.damaging)
      throw new ModelViolation(`the point ${point}, which is whole, could not be copied: ${error.message}`);
  }
}

/** Looks for damage and puts whole objects from the other site in its place. */
export async function heal(world: World, self: Actor, name: SiteName): Promise<void> {
  const other = otherSite(name);
  const { committed, released, present } = world.sites[name];
  const listed = new Set((await listPointKeys(present)).map(({ id }) => id));
  const missingPoints = [...committed.keys()].filter((id) => !listed.has(id) && !released.has(id));
  const stores = storesOf(world, "heal", self, name);
  const before = new Map(world.damaged[name]);
  const options = { holder: self.name, timer: self.timer, missingPoints };
  const report = await healDomain(stores[name], [{ name: other, store: stores[other] }], access, options);
  await requireHealed(world, name, report.healed, before);
}
