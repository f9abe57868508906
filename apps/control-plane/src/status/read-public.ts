import { fleetIndicator } from "@muster/recovery";
import type { ControlPlane } from "../context.ts";
import { currentPlans } from "../plans/store.ts";
import { type DayState, dayStates } from "./days.ts";
import { describeFleet, type FleetFacts, readFleet } from "./fleet.ts";
import { type PublicView, publicId, publicView } from "./public-view.ts";
import { plansChangedAt, probeChangesSince, realRunsSince } from "./store.ts";

const day = 86_400_000;
/** Days of the bars, and how far back recoveries are shown. */
const shownDays = 90;

export interface PublicFacts {
  readonly view: PublicView;
  readonly days: ReadonlyMap<string, readonly DayState[]>;
  /** ISO 8601: since when the components are as the plans say. */
  readonly createdAt: string;
}

/** Everything that the public page and its feeds show now. */
export async function readPublic(cp: Pick<ControlPlane, "db" | "clock" | "config">): Promise<PublicFacts> {
  const now = cp.clock.now();
  const facts = await readFleet(cp.db, now);
  const shown = new Set(facts.services.filter(({ service }) => service.public).map(({ name }) => name));
  const [plan] = await currentPlans(cp.db);
  const fleet = describeFleet(facts);
  // The moment is given to the minute, so that what has not changed keeps its ETag.
  const view = publicView(
    { ...fleet, at: `${fleet.at.slice(0, 16)}:00.000Z` },
    {
      title: cp.config.statusTitle,
      timezone: plan?.model.timezone ?? "Etc/UTC",
      isPublic: (service) => shown.has(service),
      runs: await realRunsSince(cp.db, new Date(now - shownDays * day)),
      overall: (services) => fleetIndicator(services.map(({ status }) => status)),
    },
  );
  const changedAt = (await plansChangedAt(cp.db)) ?? new Date(now);
  return { view, days: await daysOf(cp, facts), createdAt: changedAt.toISOString() };
}

/** The bars of each service with probes, by public id. A probe that changed longer ago than twice their length shows as unknown. */
async function daysOf(cp: Pick<ControlPlane, "db">, facts: FleetFacts): Promise<Map<string, DayState[]>> {
  const changes = await probeChangesSince(cp.db, new Date(facts.now - 2 * shownDays * day));
  const bars = new Map<string, DayState[]>();
  for (const { name, service } of facts.services) {
    if (service.probes.length === 0) continue;
    const own = changes.filter(({ host, probe }) => host === service.host && service.probes.includes(probe));
    bars.set(publicId("service", name), dayStates(own, facts.now, shownDays));
  }
  return bars;
}
