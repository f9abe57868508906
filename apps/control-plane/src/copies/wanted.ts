import { type OpenWindow, openWindow } from "@muster/recovery";
import type { PointRow } from "../catalog/points-store.ts";
import type { Tx } from "../context.ts";
import { allServices, type FoundService } from "../plans/store.ts";
import { type CopyKey, latestRun, uncopiedPoints } from "./store.ts";

/** A copy that can begin now. */
export interface DueCopy extends CopyKey {
  readonly found: FoundService;
  readonly from: string;
  readonly points: readonly PointRow[];
  /** Bytes per second; 0 for no limit. */
  readonly limit: number;
  readonly window: OpenWindow;
  /** Runs before it that failed one after the other. */
  readonly failures: number;
}

/**
 * What the plans in force want to have in further repositories and what is not there: asked again and again, so that nothing has to be
 * remembered when a backup ends, a host comes back or a window opens.
 */
export async function dueCopies(tx: Tx, now: number): Promise<DueCopy[]> {
  const due: DueCopy[] = [];
  for (const { found, source, to, limit, window } of await plannedCopies(tx, now)) {
    const key = { service: found.name, source, to };
    const latest = await latestRun(tx, key);
    if (latest?.state === "running" || (latest?.retryAt?.getTime() ?? 0) > now) continue;
    const failures = latest?.failures ?? 0;
    const byRepository = Map.groupBy(await uncopiedPoints(tx, key), ({ repository }) => repository);
    // One run at a time for each copy: points of a former first repository come after those of the present one.
    const [first] = byRepository;
    if (first !== undefined) due.push({ ...key, found, from: first[0], points: first[1], limit, window, failures });
  }
  return due;
}

interface PlannedCopy {
  readonly found: FoundService;
  readonly source: string;
  readonly to: string;
  readonly limit: number;
  readonly window: OpenWindow;
}

async function plannedCopies(tx: Tx, now: number): Promise<PlannedCopy[]> {
  return (await allServices(tx)).flatMap((found) =>
    Object.entries(found.service.sources).flatMap(([source, { policy: name }]) => {
      const { policies, timezone } = found.plan.model;
      const policy = name === undefined ? undefined : policies[name];
      const window = openWindow(policy?.copying?.windows, timezone, now);
      if (policy === undefined || window === undefined) return [];
      const limit = policy.copying?.limit ?? 0;
      return furtherRepositories(found, source).map((to) => ({ found, source, to, limit, window }));
    }),
  );
}

/** The repositories besides the first one that the policy of a source names. */
export function furtherRepositories({ service, plan }: FoundService, source: string): readonly string[] {
  const name = service.sources[source]?.policy;
  const policy = name === undefined ? undefined : plan.model.policies[name];
  return policy?.copies.slice(1) ?? [];
}
