import { formatDuration } from "@muster/core";
import type { Objectives, Plan } from "../plan/schema.ts";
import type { PlanPath, Remark } from "./finding.ts";

/** A tier must not promise less than the plan does: whoever reads the plan's number would rely on it. */
export function looserTier(plan: Plan): Remark[] {
  return plan.tiers.flatMap((tier, index) =>
    looser("tier-looser", ["tiers", index, "objectives"], {
      subject: `tier ${tier.tier} (${tier.name})`,
      own: tier.objectives,
      whole: plan.objectives,
      outcome: "the tier's own number counts for its services",
    }),
  );
}

/** A scenario must not promise less than the plan does. */
export function looserScenario(plan: Plan): Remark[] {
  return Object.entries(plan.scenarios).flatMap(([name, scenario]) =>
    looser("scenario-looser", ["scenarios", name, "objectives"], {
      subject: `scenario ${name}`,
      own: scenario.objectives,
      whole: plan.objectives,
      outcome: "the stricter one counts",
    }),
  );
}

interface Levels {
  readonly subject: string;
  readonly own: Objectives | undefined;
  readonly whole: Objectives;
  /** What Muster makes of the contradiction. */
  readonly outcome: string;
}

function looser(code: string, path: PlanPath, { subject, own, whole, outcome }: Levels): Remark[] {
  return (["rto", "rpo"] as const).flatMap((kind) => {
    const [mine, limit] = [own?.[kind], whole[kind]];
    if (mine === undefined || limit === undefined || mine <= limit) return [];
    const message = `${subject} allows ${formatDuration(mine)} for the ${kind.toUpperCase()}, the plan only ${formatDuration(limit)}; ${outcome}`;
    return [{ code, severity: "warning" as const, path: [...path, kind], message, hint: "Make the two agree." }];
  });
}
