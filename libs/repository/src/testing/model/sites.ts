import type { DomainContext } from "../../context.ts";
import type { Checker } from "./check.ts";
import type { SimStore } from "./sim-store.ts";

/** The repository and its copy. */
export const siteNames = ["main", "copy"] as const;
export type SiteName = (typeof siteNames)[number];

export type PerSite<T> = Readonly<Record<SiteName, T>>;

export function perSite<T>(make: (site: SiteName) => T): PerSite<T> {
  return { main: make("main"), copy: make("copy") };
}

export function otherSite(site: SiteName): SiteName {
  return site === "main" ? "copy" : "main";
}

/** A store with all that is known of it. */
export interface Site {
  readonly name: SiteName;
  readonly store: SimStore;
  /** The domain in the store as it is, with lists that do not lag; opened anew each time, so that it remembers nothing. */
  readonly present: DomainContext;
  readonly check: Checker;
  /** Ids of acknowledged points, and when each was acknowledged. */
  readonly committed: Map<string, number>;
  /** Ids of points: given up by retention; held; that may be deleted for good; reported as deleted. */
  readonly expired: Set<string>;
  readonly held: Set<string>;
  readonly released: Set<string>;
  readonly deleted: Set<string>;
}
