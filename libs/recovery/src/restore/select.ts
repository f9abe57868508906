import type { Plan, Selection } from "../plan/schema.ts";

/** The services that a selection names, in tier order; a selection that names nothing means all. Names must be known: see the linter. */
export function selectServices(plan: Plan, selection: Selection): string[] {
  const { services = [], tiers = [], hosts = [] } = selection;
  const everything = services.length + tiers.length + hosts.length === 0;
  return Object.entries(plan.services)
    .filter(
      ([name, { tier, host }]) => everything || services.includes(name) || tiers.includes(tier) || hosts.includes(host),
    )
    .sort(([a, left], [b, right]) => left.tier - right.tier || (a < b ? -1 : 1))
    .map(([name]) => name);
}
