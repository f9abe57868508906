import type { Plan } from "../plan/schema.ts";
import type { Remark } from "./finding.ts";

/** Empty lists name nothing; read as "everything" they would restore what nobody asked for. */
export function scenarioNamesNothing(plan: Plan): Remark[] {
  return Object.entries(plan.scenarios).flatMap(([name, { restore }]) => {
    const lists = [restore.services, restore.tiers, restore.hosts].filter((list) => list !== undefined);
    if (lists.length === 0 || lists.some((list) => list.length > 0)) return [];
    return [
      {
        code: "scenario-names-nothing",
        severity: "error" as const,
        path: ["scenarios", name, "restore"],
        message: `scenario ${name} names nothing to restore`,
        hint: "Name services, tiers or hosts, or leave restore out to restore everything.",
      },
    ];
  });
}
