import { healDomain } from "../../heal/heal.ts";
import { listPointKeys } from "../../manifest/points.ts";
import { domainOf } from "../../open-domain.ts";
import { ModelViolation } from "./check.ts";
import { pointOf } from "./damage.ts";
import { requireHealed } from "./healed.ts";
import { otherSite, perSite, type SiteName, siteNames } from "./sites.ts";
import { access, storesOf, type World } from "./world.ts";

/** A verification must tell every pack that is damaged and has nothing in its place, and nothing that is not. */
export async function requireExactReports({ sites, damaged }: World): Promise<void> {
  for (const name of siteNames) {
    const { store, present, check } = sites[name];
    const report = await domainOf(present).verify({ level: "read" });
    const told = new Set(report.damage.map(({ object }) => object));
    for (const { object, message } of report.damage) {
      const isPoint = object.startsWith(`${present.prefix}points/`);
      if (damaged[name].has(object) || (isPoint && check.isHarmed(pointOf(object)))) continue;
      throw new ModelViolation(`${object} of ${name} is reported, and nothing happened to it: ${message}`);
    }
    for (const key of damaged[name].keys()) {
      if (!key.startsWith(`${present.prefix}packs/`) || !store.objects.has(key) || told.has(key)) continue;
      const standIns = await present.places.standIns(key);
      const held = await Promise.all([key, ...standIns].map((one) => check.packs.of(one)));
      if (held.every(({ size }) => size === 0))
        throw new ModelViolation(`${key} of ${name} is damaged, and not reported`);
    }
  }
}

/** Heals each site from the other, twice; what the other has whole must be whole afterwards. */
export async function healAll(world: World): Promise<void> {
  for (const name of [...siteNames, ...siteNames]) await healQuietly(world, name);
  for (const name of siteNames) {
    const [here, there] = [world.sites[name], world.sites[otherSite(name)]];
    await here.check.check();
    await there.check.check();
    for (const id of here.committed.keys()) {
      const isWanted = !here.released.has(id) && there.committed.has(id) && !there.released.has(id);
      if (isWanted && here.check.isHarmed(id) && !there.check.isHarmed(id)) {
        throw new ModelViolation(`the point ${id} of ${name} was not healed, and ${there.name} has it whole`);
      }
    }
  }
}

async function healQuietly(world: World, name: SiteName): Promise<void> {
  const { sites, damaged } = world;
  const { committed, released, present } = sites[name];
  const listed = new Set((await listPointKeys(present)).map(({ id }) => id));
  const missingPoints = [...committed.keys()].filter((id) => !listed.has(id) && !released.has(id));
  const stores = storesOf(world, "heal", { stores: perSite((one) => sites[one].store.present) }, name);
  const other = { name: otherSite(name), store: stores[otherSite(name)] };
  const { healed } = await healDomain(stores[name], [other], access, { holder: "quiet", missingPoints });
  await requireHealed(world, name, healed, damaged[name]);
}
