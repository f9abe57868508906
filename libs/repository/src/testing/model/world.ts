import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeletableStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "../../context.ts";
import { objectView } from "../../heal/object-view.ts";
import { formatName, formatVersion, type RepositoryFile, repositoryKey } from "../../repository-file.ts";
import { sweepAuthority } from "../../sweep/authority.ts";
import { type Random, seededRandom } from "../random.ts";
import type { PlantedBug } from "./bugs.ts";
import { checker } from "./check.ts";
import { type Actor, type Scheduler, scheduler } from "./scheduler.ts";
import { longestLag, simStore } from "./sim-store.ts";
import { type PerSite, perSite, type Site, type SiteName, siteNames } from "./sites.ts";
import { type Temper, temperOf } from "./temper.ts";

/** Of the model's sweeps, in milliseconds of simulated time. */
export const grace = 3 * longestLag;
export const hour = 3_600_000;

const repositoryId = "00000000-0000-4000-8000-00000000000d";
const domainKey = seededRandom(4711).bytes(32);
export const access = { repositoryId, domain: "d", key: domainKey };
export const authority = sweepAuthority(domainKey, repositoryId, "d");

/** Everything that there is, and what is known of each point. */
export interface World {
  readonly random: Random;
  readonly time: { now: number };
  readonly sites: PerSite<Site>;
  readonly processes: Scheduler;
  readonly scratch: string;
  readonly bug: PlantedBug | undefined;
  /** What each point was made of, by id. */
  readonly contents: Map<string, Readonly<Record<string, Buffer>>>;
  /** Which point the process of that name is restoring. */
  readonly restoring: Map<string, string>;
  readonly temper: Temper;
  /** Keys of objects of a site that were damaged, and how often so far. */
  readonly damaged: PerSite<Map<string, number>>;
}

export async function makeWorld(seed: number, bug: PlantedBug | undefined): Promise<World> {
  const random = seededRandom(seed);
  const time = { now: Date.UTC(2026, 0, 1) };
  const sites = perSite((name) => newSite(name, time, random));
  for (const name of siteNames) await sites[name].store.server.put(repositoryKey, repositoryFile(time.now));
  const servers = perSite((name) => sites[name].store.server);
  return {
    ...{ random, time, sites, bug },
    processes: scheduler(servers, () => time.now, random),
    scratch: await mkdtemp(join(tmpdir(), "muster-model-")),
    contents: new Map(),
    restoring: new Map(),
    temper: { ...temperOf(seed), ...bug?.temper },
    damaged: perSite(() => new Map()),
  };
}

function newSite(name: SiteName, time: { readonly now: number }, random: Random): Site {
  const store = simStore(() => time.now, random);
  const opened = contextOf(store.present);
  const present = (): DomainContext => ({ ...opened, ...objectView([{ name, store: store.present }], opened.prefix) });
  const ids = (): Set<string> => new Set();
  return {
    name,
    store,
    get present() {
      return present();
    },
    check: checker(present, store),
    committed: new Map(),
    ...{ expired: ids(), held: ids(), released: ids(), deleted: ids() },
  };
}

function repositoryFile(createdAt: number): Buffer {
  const file: RepositoryFile = { format: formatName, version: formatVersion, id: repositoryId, createdAt };
  return Buffer.from(JSON.stringify(file));
}

export function contextOf(store: DeletableStore): DomainContext {
  return domainContext(store, repositoryId, "d", domainKey);
}

/** The stores as a process of that role uses them, with the bug that is planted in it. */
export function storesOf(
  { bug, sites }: World,
  role: PlantedBug["role"],
  { stores }: Pick<Actor, "stores">,
  target: SiteName,
): PerSite<DeletableStore> {
  if (bug?.role !== role || bug.wrap === undefined) return stores;
  return bug.wrap(stores, { of: perSite((name) => sites[name].store), target });
}

/** A host's clock, wrong by up to a day. */
export function skewedClock({ time, random }: World): { now(): number } {
  const wrong = (random.below(5) - 2) * 12 * hour;
  return { now: () => time.now + wrong };
}

/** Whether a point may not go: somebody wants it kept, or restores it. */
export function isHeld({ restoring, processes }: World, { held }: Site, id: string): boolean {
  return held.has(id) || processes.actors.some(({ name }) => restoring.get(name) === id);
}
