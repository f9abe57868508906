import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeletableStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "../../context.ts";
import { sweepAuthority } from "../../sweep/authority.ts";
import { sweepRepository } from "../../sweep/sweep.ts";
import type { SweepRules } from "../../sweep/types.ts";
import { beginPoint } from "../../write/point-writer.ts";
import { type Random, seededRandom } from "../random.ts";
import { meta, pieces, spec } from "../sample.ts";
import type { PlantedBug } from "./bugs.ts";
import { type Scheduler, scheduler } from "./scheduler.ts";
import { longestLag, type SimStore, simStore } from "./sim-store.ts";

/** Of the model's sweeps, in milliseconds of simulated time. */
export const grace = 3 * longestLag;
export const hour = 3_600_000;

const repositoryId = "00000000-0000-4000-8000-00000000000d";
const domainKey = seededRandom(4711).bytes(32);
const authority = sweepAuthority(domainKey, repositoryId, "d");

/** Everything that there is, and what is known of each point. */
export interface World {
  readonly random: Random;
  readonly time: { now: number };
  readonly store: SimStore;
  readonly processes: Scheduler;
  /** The domain in the store as it is, with lists that do not lag. */
  readonly present: DomainContext;
  readonly scratch: string;
  readonly bug: PlantedBug | undefined;
  /** What each point was made of, by id. */
  readonly contents: Map<string, Readonly<Record<string, Buffer>>>;
  /** Ids of points: acknowledged; given up by retention; held; that may be deleted for good; reported as deleted. */
  readonly committed: Set<string>;
  readonly expired: Set<string>;
  readonly held: Set<string>;
  readonly released: Set<string>;
  readonly deleted: Set<string>;
}

export async function makeWorld(seed: number, bug: PlantedBug | undefined): Promise<World> {
  const random = seededRandom(seed);
  const time = { now: Date.UTC(2026, 0, 1) };
  const store = simStore(() => time.now, random);
  const ids = () => new Set<string>();
  return {
    ...{ random, time, store, bug },
    processes: scheduler(store.server, () => time.now, random),
    present: contextOf(store.present),
    scratch: await mkdtemp(join(tmpdir(), "muster-model-")),
    contents: new Map(),
    ...{ committed: ids(), expired: ids(), held: ids(), released: ids(), deleted: ids() },
  };
}

function contextOf(store: DeletableStore): DomainContext {
  return domainContext(store, repositoryId, "d", domainKey);
}

function throughBug({ bug }: World, role: PlantedBug["role"], store: DeletableStore): DeletableStore {
  return bug?.role === role ? bug.wrap(store) : store;
}

/** A backup by a host whose clock is wrong by up to a day. */
export async function backUp(world: World, store: DeletableStore, id: string): Promise<void> {
  const skewed = world.time.now + (world.random.below(5) - 2) * 12 * hour;
  const context = contextOf(throughBug(world, "backup", store));
  const writer = await beginPoint(context, spec({ pointId: id, startedAt: skewed }), { clock: { now: () => skewed } });
  try {
    const files = Object.entries(world.contents.get(id) ?? {});
    for (const [path, bytes] of files) await writer.addFile(path, meta, pieces(bytes));
    await writer.commit({ takenAt: skewed });
    world.committed.add(id);
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
}

/** A sweep of the repository by the rules of the world. */
export async function sweep(world: World, store: DeletableStore): Promise<void> {
  const through = throughBug(world, "sweep", store);
  const options = { rules: rulesOf(world), grace, scratch: world.scratch, repackBelow: 0.5 };
  await sweepRepository(through, () => ({ domain: contextOf(through), authority }), options);
}

function rulesOf({ expired, held, released, deleted }: World): SweepRules {
  return {
    expired: async () => new Map([...expired].filter((id) => !held.has(id)).map((id) => [id, "the model says so"])),
    async release(_, ids) {
      const free = ids.filter((id) => released.has(id) || (expired.has(id) && !held.has(id)));
      for (const id of free) released.add(id);
      return new Set(free);
    },
    async deleted(_, ids) {
      for (const id of ids) deleted.add(id);
    },
  };
}
