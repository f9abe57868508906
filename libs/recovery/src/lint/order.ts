import type { Plan } from "../plan/schema.ts";
import type { Remark } from "./finding.ts";

/** A dependency must not lead in a circle: then nothing could come first. */
export function cycles(plan: Plan): Remark[] {
  const done = new Set<string>();
  const remarks: Remark[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) {
      const circle = [...trail.slice(start), name];
      remarks.push({
        code: "dependency-cycle",
        severity: "error",
        path: ["services", trail.at(-1) ?? name, "dependsOn"],
        message: `the dependencies go in a circle: ${circle.join(" → ")}`,
        hint: "Take out the one that can start without the other.",
      });
      return;
    }
    if (done.has(name)) return;
    for (const other of plan.services[name]?.dependsOn ?? []) visit(other, [...trail, name]);
    done.add(name);
  };
  for (const name of Object.keys(plan.services)) visit(name, []);
  return remarks;
}

/** What a service needs must come back in its own tier or an earlier one. */
export function laterTier(plan: Plan): Remark[] {
  return Object.entries(plan.services).flatMap(([name, service]) =>
    service.dependsOn.flatMap((other, index) => {
      const tier = plan.services[other]?.tier;
      if (tier === undefined || tier <= service.tier) return [];
      return [
        {
          code: "dependency-later-tier",
          severity: "error" as const,
          path: ["services", name, "dependsOn", index],
          message: `${name} is in tier ${service.tier}, but needs ${other}, which comes back later, in tier ${tier}`,
          hint: `Move ${other} to tier ${service.tier} or earlier, or ${name} to tier ${tier}.`,
        },
      ];
    }),
  );
}
