import type { Plan } from "../plan/schema.ts";
import type { Remark } from "./finding.ts";

/** A plan that names its tiers names all of them: a service in another one is a slip of the pen. */
export function unknownTier(plan: Plan): Remark[] {
  const known = plan.tiers.map(({ tier }) => tier);
  if (known.length === 0) return [];
  return Object.entries(plan.services)
    .filter(([, { tier }]) => !known.includes(tier))
    .map(([name, { tier }]) => ({
      code: "unknown-reference",
      severity: "error" as const,
      path: ["services", name, "tier"],
      message: `there is no tier ${tier}`,
      hint: `There are: ${known.join(", ")}. Add it under tiers, or move ${name}.`,
    }));
}

/** One number, one tier: with two of them nobody can say whose objectives count. */
export function repeatedTier(plan: Plan): Remark[] {
  return plan.tiers.flatMap((tier, index) => {
    const first = plan.tiers.findIndex((other) => other.tier === tier.tier);
    if (first === index) return [];
    const message = `tier ${tier.tier} is given twice, as ${plan.tiers[first]?.name} and as ${tier.name}`;
    return [
      {
        code: "repeated-tier",
        severity: "error" as const,
        path: ["tiers", index, "tier"],
        message,
        hint: "Give every tier a number of its own.",
      },
    ];
  });
}
