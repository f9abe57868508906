import { formatDuration } from "@muster/core";
import type { Plan } from "../plan/schema.ts";
import type { Remark } from "./finding.ts";

/** A scenario must not promise less than the plan does. */
export function looserScenario(plan: Plan): Remark[] {
  return Object.entries(plan.scenarios).flatMap(([name, scenario]) =>
    (["rto", "rpo"] as const).flatMap((kind) => {
      const own = scenario.objectives?.[kind];
      const whole = plan.objectives[kind];
      if (own === undefined || whole === undefined || own <= whole) return [];
      return [
        {
          code: "scenario-looser",
          severity: "warning" as const,
          path: ["scenarios", name, "objectives", kind],
          message: `scenario ${name} allows ${formatDuration(own)} for the ${kind.toUpperCase()}, the plan only ${formatDuration(whole)}; the stricter one counts`,
          hint: "Make the two agree.",
        },
      ];
    }),
  );
}
