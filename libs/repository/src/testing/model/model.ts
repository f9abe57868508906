import { rm } from "node:fs/promises";
import { seededRandom } from "../random.ts";
import { act } from "./acts.ts";
import { type BugName, type PlantedBug, plantedBugs } from "./bugs.ts";
import { ModelViolation } from "./check.ts";
import { bringToEnd, verify } from "./end.ts";
import { seededIds } from "./seeded-ids.ts";
import { siteNames } from "./sites.ts";
import { makeWorld, type World } from "./world.ts";

export interface ModelOptions {
  readonly seed: number;
  /** Random acts; what has begun then is brought to its end. */
  readonly acts?: number | undefined;
  readonly bug?: BugName | undefined;
}

export interface ModelOutcome {
  readonly seed: number;
  /** Points, in both repositories. */
  readonly committed: number;
  readonly deleted: number;
  /** How often processes of each kind ended well ("backup: done"), or failed with which code ("backup: lease-lost"). */
  readonly endings: ReadonlyMap<string, number>;
  /** What was broken; undefined when nothing was. */
  readonly violation?: string | undefined;
  /** What happened, call by call. */
  readonly trace: readonly string[];
}

/**
 * Runs the real code of backups, copies, restores, heals and sweeps, on a repository and its copy, as processes whose every call of
 * a store is let through in a random order by a seed; processes are killed, sleep for hours, two sweep at once, calls fail and
 * arrive late, lists lag, clocks are wrong, timers go off late, disks fail (in some seeds). After every change of what is
 * stored each point must be whole, and no acknowledged point may be missing that the rules keep; what is restored must be
 * what was stored; and in the end all that nobody needs must be gone, and all that the other site has whole must be healed.
 */
export async function runModel({ seed, acts = 1500, bug }: ModelOptions): Promise<ModelOutcome> {
  const planted: PlantedBug | undefined = bug === undefined ? undefined : plantedBugs[bug];
  using _ = seededIds(seededRandom(seed ^ 0x1d5));
  const world = await makeWorld(seed, planted);
  let violation: string | undefined;
  try {
    for (let n = 0; n < acts; n++) {
      await act(world);
      await verify(world);
    }
    await bringToEnd(world);
  } catch (thrown) {
    if (!(thrown instanceof ModelViolation)) throw thrown;
    violation = thrown.message;
  } finally {
    await rm(world.scratch, { recursive: true, force: true });
  }
  return { seed, ...counts(world), violation, trace: world.processes.trace };
}

function counts({ sites, processes }: World): Pick<ModelOutcome, "committed" | "deleted" | "endings"> {
  const sum = (known: "committed" | "deleted"): number =>
    siteNames.reduce((total, name) => total + sites[name][known].size, 0);
  return { committed: sum("committed"), deleted: sum("deleted"), endings: processes.endings };
}

/** The failure of a seed, with what it takes to see it again, and what happened last. */
export function describeViolation({ seed, violation, trace }: ModelOutcome, last = 80): Error {
  return new Error(`seed ${seed}: ${violation}\nnpm run model -- --seed ${seed}\n${trace.slice(-last).join("\n")}`);
}
