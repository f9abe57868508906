import type { DeletableStore } from "@muster/object-store";
import type { DomainContext } from "../context.ts";
import type { SweepAuthority } from "./authority.ts";
import type { Epoch } from "./epoch.ts";
import type { SeenLease } from "./leases.ts";
import type { DomainSweep, SweepOptions } from "./types.ts";

/** What every step of a sweep of one domain works with. */
export interface DomainRun {
  readonly domain: DomainContext;
  readonly authority: SweepAuthority;
  readonly store: DeletableStore;
  readonly epoch: Epoch;
  readonly options: SweepOptions;
  /** A folder of this domain's run. */
  readonly folder: string;
  readonly leases: readonly SeenLease[];
  readonly report: DomainSweep;
}
