import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeletableStore } from "@muster/object-store";
import { type MemoryStore, memoryStore } from "@muster/object-store/testing";
import { domainContext } from "../context.ts";
import { sweepAuthority } from "../sweep/authority.ts";
import { sweepRepository } from "../sweep/sweep.ts";
import type { SweepOptions, SweepReport } from "../sweep/types.ts";
import type { Domain, DomainGrant } from "../types.ts";
import { grantedDomain } from "./sample.ts";

export const grace = 1000;
/** No passphrase is stretched for it. */
const grant = {
  repositoryId: "00000000-0000-4000-8000-00000000000f",
  domain: "d",
  key: Buffer.alloc(32, 9).toString("base64url"),
};
const hour = 3_600_000;

/** A repository in memory whose store has a clock that the test moves, and a catalog that says what may go. */
export interface SweepSite extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly domain: Domain;
  readonly grant: DomainGrant;
  /** Ids of points that may go, of those that may not after all, and of those that are reported as gone. */
  readonly expired: Set<string>;
  readonly held: Set<string>;
  readonly deleted: Set<string>;
  advance(milliseconds: number): void;
  sweep(options?: Partial<SweepOptions>, store?: DeletableStore): Promise<SweepReport>;
  /** Sweeps until the graces of points and then of packs are over. */
  sweepAll(): Promise<void>;
  /** Keys that contain the text. */
  keys(part: string): string[];
  /** Another site in the same state, which goes its own way from here. */
  copy(): Promise<SweepSite>;
}

/** One sweep of a store by whoever has the domain's key; the points that have expired may go. */
export async function sweepOnce(
  store: DeletableStore,
  site: { readonly grant: DomainGrant; readonly expired: readonly string[]; readonly scratch: string },
): Promise<SweepReport> {
  const { repositoryId, domain, key } = site.grant;
  const context = domainContext(store, repositoryId, domain, Buffer.from(key, "base64url"));
  const authority = sweepAuthority(Buffer.alloc(32, 1), repositoryId, domain);
  const rules: SweepOptions["rules"] = {
    expired: async () => new Map(site.expired.map((id) => [id, "a test says so"])),
    release: async (_, points) => new Set(points.filter((id) => site.expired.includes(id))),
    deleted: async () => undefined,
  };
  return sweepRepository(store, () => ({ domain: context, authority }), { rules, grace: 1, scratch: site.scratch });
}

interface SiteState {
  readonly time: number;
  readonly objects: ReadonlyMap<string, Buffer>;
  readonly written: ReadonlyMap<string, number>;
  readonly expired: ReadonlySet<string>;
  readonly held: ReadonlySet<string>;
  readonly deleted: ReadonlySet<string>;
}

/** A site with an empty repository. */
export function sweepSite(): Promise<SweepSite> {
  const [objects, written, none] = [new Map<string, Buffer>(), new Map<string, number>(), new Set<string>()];
  return siteOf({ time: Date.UTC(2026, 0, 1), objects, written, expired: none, held: none, deleted: none });
}

async function siteOf(state: SiteState): Promise<SweepSite> {
  let { time } = state;
  const store = memoryStore(new Map(state.objects), () => ++time, new Map(state.written));
  const authority = sweepAuthority(Buffer.alloc(32, 1), grant.repositoryId, grant.domain);
  const context = (through: DeletableStore) =>
    domainContext(through, grant.repositoryId, grant.domain, Buffer.from(grant.key, "base64url"));
  const scratch = await mkdtemp(join(tmpdir(), "muster-sweep-"));
  const [expired, held, deleted] = [new Set(state.expired), new Set(state.held), new Set(state.deleted)];
  const rules: SweepOptions["rules"] = {
    expired: async () => new Map([...expired].filter((id) => !held.has(id)).map((id) => [id, "a test says so"])),
    release: async (_, points) => new Set(points.filter((id) => expired.has(id) && !held.has(id))),
    deleted: async (_, points) => {
      for (const id of points) deleted.add(id);
    },
  };
  const site: SweepSite = {
    store,
    domain: grantedDomain(store, grant),
    grant,
    expired,
    held,
    deleted,
    advance: (milliseconds) => {
      time += milliseconds;
    },
    sweep: (options = {}, through = store) => {
      const open = () => ({ domain: context(through), authority });
      return sweepRepository(through, open, { rules, grace, scratch, ...options });
    },
    async sweepAll() {
      for (let round = 0; round < 4; round++) {
        await site.sweep();
        time += grace + hour + hour; // longer than any lease is silent
      }
    },
    keys: (part) => [...store.objects.keys()].filter((key) => key.includes(part)),
    copy: () => siteOf({ time, objects: store.objects, written: store.written, expired, held, deleted }),
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
  return site;
}
