import { startSweep } from "./acts.ts";
import { ModelViolation } from "./check.ts";
import { healAll, requireExactReports } from "./quiet-heal.ts";
import { type Order, restoreFrom } from "./restore.ts";
import { otherSite, perSite, type SiteName, siteNames } from "./sites.ts";
import { hour, type World } from "./world.ts";

/** After every change of what is stored: each point is whole, and none is missing that was acknowledged and not released. */
export async function verify({ sites }: World): Promise<void> {
  for (const name of siteNames) {
    const { store, check, committed, released } = sites[name];
    if (!store.takeDirty()) continue;
    const there = await check.check();
    const lost = [...committed.keys()].find((id) => !there.has(id) && !released.has(id) && !check.harmed.has(id));
    if (lost !== undefined) throw new ModelViolation(`the point ${lost} was acknowledged in ${name}, and is not there`);
  }
}

/** Lets everybody finish, sweeps a few times in peace, and looks at what is left. */
export async function bringToEnd(world: World): Promise<void> {
  await drain(world);
  while (await world.processes.arriveLate()) await verify(world);
  for (const name of siteNames) world.sites[name].held.clear();
  await sweepQuietly(world);
  if (world.temper.damaging) {
    await requireExactReports(world);
    await healAll(world);
    await sweepQuietly(world);
  }
  for (const name of siteNames) if (world.sites[name].check.harmed.size === 0) await requireTidy(world, name);
  for (const name of siteNames) await readAll(world, name);
}

/** Until the graces of points and packs are over, twice. */
async function sweepQuietly(world: World): Promise<void> {
  for (let round = 0; round < 8; round++) {
    world.time.now += 48 * hour;
    for (const name of siteNames) await startSweep(world, name);
    await drain(world);
  }
}

async function drain(world: World): Promise<void> {
  const { processes, time } = world;
  while (processes.actors.length > 0) {
    await processes.step({ faults: false });
    time.now += 10;
    await verify(world);
  }
}

/** Nothing is left that nobody needs; a pack that is damaged may be, for it is not known what it has. */
async function requireTidy({ sites, damaged }: World, name: SiteName): Promise<void> {
  const { check, expired, committed, deleted } = sites[name];
  const left = (await check.garbage()).filter((key) => !damaged[name].has(key));
  if (left.length > 0) {
    throw new ModelViolation(`${left.length} packs of ${name} that nobody needs are left after quiet sweeps`);
  }
  const kept = [...expired].filter((id) => committed.has(id) && !deleted.has(id));
  if (kept.length === 0) return;
  throw new ModelViolation(`${kept.join(", ")} expired in ${name}, and are there after quiet sweeps`);
}

/** Restores every point that is to be there: from its site where nothing of it was damaged, else with the other's help. */
async function readAll(world: World, name: SiteName): Promise<void> {
  const { sites } = world;
  const stores = perSite((one) => sites[one].store.present);
  const other = sites[otherSite(name)];
  for (const id of sites[name].committed.keys()) {
    if (sites[name].released.has(id)) continue;
    const isWhole = !sites[name].check.isHarmed(id);
    const mayHelp = other.committed.has(id) && !other.released.has(id) && !other.check.isHarmed(id);
    const orders: Order[] = [...(isWhole ? [[name] as const] : []), ...(mayHelp ? [[name, other.name] as const] : [])];
    for (const order of orders) {
      await restoreFrom(world, order, stores, id).catch((thrown: unknown) => {
        if (thrown instanceof ModelViolation) throw thrown;
        throw new ModelViolation(`the point ${id} cannot be restored from ${order.join(" and ")}: ${String(thrown)}`);
      });
    }
  }
}
