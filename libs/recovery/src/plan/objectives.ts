import type { Objectives, Plan } from "./schema.ts";

/**
 * The objectives of a service in milliseconds: its own, else its tier's, else the plan's. A scenario can only tighten
 * them: whoever reads the plan may rely on the stricter number.
 */
export function objectivesFor(plan: Plan, serviceName: string, scenarioName?: string): Objectives {
  const service = plan.services[serviceName];
  const tier = plan.tiers.find((candidate) => candidate.tier === service?.tier);
  const scenario = scenarioName === undefined ? undefined : plan.scenarios[scenarioName];
  const inherited = {
    rto: service?.objectives?.rto ?? tier?.objectives?.rto ?? plan.objectives.rto,
    rpo: service?.objectives?.rpo ?? tier?.objectives?.rpo ?? plan.objectives.rpo,
  };
  return {
    rto: stricter(inherited.rto, scenario?.objectives?.rto),
    rpo: stricter(inherited.rpo, scenario?.objectives?.rpo),
  };
}

function stricter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

/** What people call a tier: its name in the plan, or its number. */
export function tierName(plan: Plan, tier: number): string {
  return plan.tiers.find((candidate) => candidate.tier === tier)?.name ?? `Tier ${tier}`;
}
