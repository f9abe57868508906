import { longestLag } from "./sim-store.ts";
import { backUp, grace, hour, sweep, type World } from "./world.ts";

/** Each act with its weight; what is left of a thousand lets a process go on. */
const acts: readonly [weight: number, act: (world: World) => unknown][] = [
  [20, (world) => (world.processes.actors.length < 5 ? startBackup(world) : undefined)],
  [24, (world) => (sweepers(world) < 2 ? startSweep(world) : undefined)],
  [24, expireOldest],
  [2, toggleHold],
  [5, killOne],
  [12, (world) => passTime(world)],
  [5, ({ processes }) => processes.arriveLate()],
];

/** One random act. */
export async function act(world: World): Promise<void> {
  world.time.now += world.random.below(40);
  let dice = world.random.below(1000);
  for (const [weight, one] of acts) {
    if (dice < weight) {
      await one(world);
      return;
    }
    dice -= weight;
  }
  await goOn(world);
}

/** Processes often stand still for a while, wherever they are: so they know a store from before some marks and verdicts. */
async function goOn(world: World): Promise<void> {
  const { processes, random } = world;
  const actor = await processes.step({ faults: true });
  if (actor === undefined) return;
  const every = actor.name.startsWith("backup") ? 10 : 60;
  if (random.below(every) === 0) actor.sleeps = [20, 100, 300, 600][random.below(4)] ?? 0;
}

function passTime(world: World): void {
  world.time.now += span(world);
}

/** Some seconds, a grace, or hours: more than any lease is silent. */
function span({ random }: World): number {
  const spans = [5000, longestLag, grace, grace, grace, 3 * grace, hour + grace, 25 * hour];
  return (spans[random.below(spans.length)] ?? 0) + random.below(1000);
}

/** Mostly of what was backed up before, so that it counts on what is stored. */
async function startBackup(world: World): Promise<void> {
  const { contents, random } = world;
  const id = `p${contents.size}`;
  const recent = [...contents.values()].slice(-5);
  const before = random.below(4) > 0 ? recent[random.below(Math.max(1, recent.length))] : undefined;
  const own = (): Record<string, Buffer> => ({ [`f${contents.size}`]: random.bytes(400) });
  contents.set(id, before === undefined ? own() : random.below(3) > 0 ? before : { ...before, ...own() });
  await world.processes.start(`backup ${id}`, (store) => backUp(world, store, id));
}

export async function startSweep(world: World): Promise<void> {
  const number = world.processes.trace.filter((line) => /^sweep \d+ begins$/.test(line)).length;
  await world.processes.start(`sweep ${number}`, (store) => sweep(world, store));
}

function sweepers({ processes }: World): number {
  return processes.actors.filter(({ name }) => name.startsWith("sweep")).length;
}

/** Retention keeps at least one point. */
function expireOldest({ committed, expired, held }: World): void {
  const [oldest, ...more] = [...committed].filter((id) => !expired.has(id) && !held.has(id));
  if (oldest !== undefined && more.length > 0) expired.add(oldest);
}

function toggleHold({ committed, held, released, random }: World): void {
  const id = [...committed].filter((one) => !released.has(one))[random.below(5)];
  if (id === undefined || held.delete(id)) return;
  held.add(id);
}

function killOne({ processes, random }: World): void {
  const actor = processes.actors[random.below(Math.max(1, processes.actors.length))];
  if (actor !== undefined) processes.kill(actor);
}
