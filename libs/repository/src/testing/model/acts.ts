import { damageOne } from "./damage.ts";
import { type Order, restorable, restore } from "./restore.ts";
import { backUp, copy, heal, sweep } from "./roles.ts";
import { longestLag } from "./sim-store.ts";
import { type Site, type SiteName, siteNames } from "./sites.ts";
import { casts } from "./temper.ts";
import { grace, hour, type World } from "./world.ts";

type Act = readonly [weight: number, act: (world: World) => unknown];

/** Each act with its weight; what is left of a thousand lets a process go on. */
function actsOf({ temper: { cast, damaging } }: World): readonly Act[] {
  const { backup, sweepMain, sweepCopy, copy, restore } = casts[cast];
  const harm: readonly Act[] = [
    [5, (world) => (running(world, "heal") < 1 ? startHeal(world) : undefined)],
    [4, damageOne],
  ];
  return [
    [backup, (world) => (world.processes.actors.length < 6 ? startBackup(world) : undefined)],
    [sweepMain, (world) => maySweep(world, "main")],
    [sweepCopy, (world) => maySweep(world, "copy")],
    [copy, (world) => (running(world, "copy") < 2 ? startCopy(world) : undefined)],
    [restore, (world) => (running(world, "restore") < 3 ? startRestore(world) : undefined)],
    ...(damaging ? harm : []),
    [30, ({ sites }) => expireOldest(sites.main)],
    [10, ({ sites }) => expireOldest(sites.copy)],
    [2, toggleHold],
    [6, killOne],
    [12, passTime],
    [20, ({ processes }) => processes.tick()],
    [5, ({ processes }) => processes.arriveLate()],
  ];
}

/** One random act. */
export async function act(world: World): Promise<void> {
  world.time.now += world.random.below(40);
  let dice = world.random.below(1000);
  for (const [weight, one] of actsOf(world)) {
    if (dice < weight) {
      await one(world);
      return;
    }
    dice -= weight;
  }
  await goOn(world);
}

/** Of how many calls of each kind of process one makes it fall asleep. */
const sleepEvery = { sweep: 40, backup: 10, restore: 6 };

/** Processes often stand still for a while, wherever they are: so they know a store from before some marks and verdicts. */
async function goOn(world: World): Promise<void> {
  const { processes, random } = world;
  const actor = await processes.step({ faults: true });
  if (actor === undefined) return;
  const [every] = Object.entries(sleepEvery).flatMap(([role, acts]) => (actor.name.startsWith(role) ? [acts] : []));
  if (random.below(every ?? 30) === 0) actor.sleeps = [20, 100, 300, 600][random.below(4)] ?? 0;
}

/** Some seconds, a grace, or hours: more than any lease is silent. */
function passTime({ time, random, temper }: World): void {
  const long = [5000, longestLag, grace, grace, grace, 3 * grace, hour / 4, hour + grace, 25 * hour];
  const spans = temper.hurried && random.below(4) > 0 ? [1000, 5000] : long;
  time.now += (spans[random.below(spans.length)] ?? 0) + random.below(1000);
}

function running({ processes }: World, role: string): number {
  return processes.actors.filter(({ name }) => name.startsWith(role)).length;
}

/** Mostly of what was backed up before, so that it counts on what is stored; now and then into the copy, as after a failover. */
async function startBackup(world: World): Promise<void> {
  const { contents, random, temper } = world;
  const id = `p${contents.size}`;
  const recent = [...contents.values()].slice(-12);
  const before = random.below(4) > 0 ? recent[random.below(Math.max(1, recent.length))] : undefined;
  const own = (): Record<string, Buffer> => ({ [`f${contents.size}`]: random.bytes(400) });
  contents.set(id, before === undefined ? own() : random.below(3) > 0 ? before : { ...before, ...own() });
  const site = casts[temper.cast].copy > 0 && random.below(8) === 0 ? "copy" : "main";
  await start(world, `backup ${id}`, (self) => backUp(world, self, site, id));
}

async function maySweep(world: World, site: SiteName): Promise<void> {
  if (running(world, `sweep ${site}`) < 2) await startSweep(world, site);
}

export async function startSweep(world: World, site: SiteName): Promise<void> {
  await start(world, `sweep ${site}`, (self) => sweep(world, self, site));
}

async function startCopy(world: World): Promise<void> {
  const from = world.random.below(6) === 0 ? "copy" : "main";
  await start(world, `copy from ${from}`, (self) => copy(world, self, from));
}

async function startHeal(world: World): Promise<void> {
  const site = someSite(world);
  await start(world, `heal ${site}`, (self) => heal(world, self, site));
}

/** Of one site, or of both in either order. */
async function startRestore(world: World): Promise<void> {
  const { random, temper } = world;
  const both: readonly Order[] = [["main"], ["copy"], ["main", "copy"], ["copy", "main"]];
  const orders: readonly Order[] = casts[temper.cast].copy > 0 ? both : [["main"]];
  const order = orders[random.below(orders.length)] ?? ["main"];
  const points = restorable(world, order[0]);
  const id = points[random.below(Math.max(1, points.length))];
  if (id !== undefined) await start(world, `restore ${id}`, (self) => restore(world, self, order, id));
}

/** The name says which of its kind it is, for the trace. */
async function start({ processes }: World, name: string, work: Parameters<typeof processes.start>[1]): Promise<void> {
  const number = processes.trace.filter((line) => line.endsWith(" begins")).length;
  await processes.start(`${name} (${number})`, work);
}

function someSite({ random }: World): SiteName {
  return siteNames[random.below(siteNames.length)] ?? "main";
}

/** Retention keeps at least one point. */
function expireOldest({ committed, expired, held }: Site): void {
  const [oldest, ...more] = [...committed.keys()].filter((id) => !expired.has(id) && !held.has(id));
  if (oldest !== undefined && more.length > 0) expired.add(oldest);
}

function toggleHold(world: World): void {
  const { committed, held, released } = world.sites[someSite(world)];
  const id = [...committed.keys()].filter((one) => !released.has(one))[world.random.below(5)];
  if (id === undefined || held.delete(id)) return;
  held.add(id);
}

function killOne({ processes, random }: World): void {
  const actor = processes.actors[random.below(Math.max(1, processes.actors.length))];
  if (actor !== undefined) processes.kill(actor);
}
