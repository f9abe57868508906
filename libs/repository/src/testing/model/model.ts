import { rm } from "node:fs/promises";
import { domainOf } from "../../open-domain.ts";
import { readBack } from "../sample.ts";
import { act, startSweep } from "./acts.ts";
import { type BugName, type PlantedBug, plantedBugs } from "./bugs.ts";
import { type Checker, checker, ModelViolation } from "./check.ts";
import { hour, makeWorld, type World } from "./world.ts";

export interface ModelOptions {
  readonly seed: number;
  /** Random acts; what has begun then is brought to its end. */
  readonly acts?: number | undefined;
  readonly bug?: BugName | undefined;
}

export interface ModelOutcome {
  readonly seed: number;
  readonly committed: number;
  readonly deleted: number;
  /** What was broken; undefined when nothing was. */
  readonly violation?: string | undefined;
  /** What happened, call by call. */
  readonly trace: readonly string[];
}

/**
 * Runs the real code of backups and sweeps as processes whose every call of the store is let through in a random order by a seed;
 * processes are killed, sleep for hours, two sweep at once, calls fail and arrive late, lists lag, clocks are wrong. After
 * every change of what is stored each point must be whole, and no acknowledged point may be missing that the rules keep; and in
 * the end all that nobody needs must be gone.
 */
export async function runModel({ seed, acts = 1500, bug }: ModelOptions): Promise<ModelOutcome> {
  const planted: PlantedBug | undefined = bug === undefined ? undefined : plantedBugs[bug];
  const world = await makeWorld(seed, planted);
  const check = checker(world.present);
  let violation: string | undefined;
  try {
    for (let n = 0; n < acts; n++) {
      await act(world);
      await verify(world, check);
    }
    await bringToEnd(world, check);
  } catch (thrown) {
    if (!(thrown instanceof ModelViolation)) throw thrown;
    violation = thrown.message;
  } finally {
    await rm(world.scratch, { recursive: true, force: true });
  }
  const { committed, deleted, processes } = world;
  return { seed, committed: committed.size, deleted: deleted.size, violation, trace: processes.trace };
}

async function verify({ store, committed, released }: World, check: Checker): Promise<void> {
  if (!store.takeDirty()) return;
  const there = new Set(await check.check());
  const lost = [...committed].find((id) => !there.has(id) && !released.has(id));
  if (lost !== undefined) throw new ModelViolation(`the point ${lost} was acknowledged, and is not there`);
}

/** Lets everybody finish, sweeps a few times in peace, and looks at what is left. */
async function bringToEnd(world: World, check: Checker): Promise<void> {
  await drain(world, check);
  while (await world.processes.arriveLate()) await verify(world, check);
  world.held.clear();
  for (let round = 0; round < 8; round++) {
    world.time.now += 48 * hour;
    await startSweep(world);
    await drain(world, check);
  }
  await readAll(world);
  const left = await check.garbage();
  if (left.length > 0) throw new ModelViolation(`${left.length} packs that nobody needs are left after quiet sweeps`);
  const { expired, committed, deleted } = world;
  const kept = [...expired].filter((id) => committed.has(id) && !deleted.has(id));
  if (kept.length > 0) throw new ModelViolation(`${kept.join(", ")} expired, and are there after quiet sweeps`);
}

async function drain(world: World, check: Checker): Promise<void> {
  const { processes, time } = world;
  while (processes.actors.length > 0) {
    await processes.step({ faults: false });
    time.now += 10;
    await verify(world, check);
  }
}

/** Restores every point that is there. */
async function readAll({ present, contents }: World): Promise<void> {
  const domain = domainOf(present);
  for (const { id } of await domain.listPoints()) {
    const found = await readBack(await domain.openPoint(id));
    for (const [path, bytes] of Object.entries(contents.get(id) ?? {})) {
      if (found[path]?.equals(bytes) !== true)
        throw new ModelViolation(`${path} of the point ${id} is not what it was`);
    }
  }
}

/** The failure of a seed, with what it takes to see it again, and what happened last. */
export function describeViolation({ seed, violation, trace }: ModelOutcome, last = 80): Error {
  return new Error(`seed ${seed}: ${violation}\nnpm run model -- --seed ${seed}\n${trace.slice(-last).join("\n")}`);
}
