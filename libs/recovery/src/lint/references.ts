import type { Plan } from "../plan/schema.ts";
import type { PlanPath, Remark } from "./finding.ts";
import { suggestion } from "./nearest.ts";

/** Every name that the plan uses must be one that it defines. */
export function references(plan: Plan): Remark[] {
  const services = Object.keys(plan.services);
  return [
    ...Object.entries(plan.services).flatMap(([name, service]) => [
      ...service.dependsOn.flatMap((other, index) =>
        unknown("service", other, services, ["services", name, "dependsOn", index]),
      ),
      ...Object.entries(service.sources).flatMap(([source, { policy }]) =>
        policy === undefined
          ? []
          : unknown("policy", policy, Object.keys(plan.policies), ["services", name, "sources", source, "policy"]),
      ),
      ...(service.gate.probes ?? []).flatMap((probe, index) =>
        unknown("probe", probe, service.probes, ["services", name, "gate", "probes", index]),
      ),
    ]),
    ...Object.entries(plan.scenarios).flatMap(([name, scenario]) => scenarioReferences(plan, name, scenario)),
  ];
}

function scenarioReferences(plan: Plan, name: string, scenario: Plan["scenarios"][string]): Remark[] {
  const hosts = [...new Set(Object.values(plan.services).map((service) => service.host))];
  const tiers = [...new Set(Object.values(plan.services).map((service) => String(service.tier)))];
  const at = (...rest: (string | number)[]): PlanPath => ["scenarios", name, ...rest];
  const { services = [], hosts: named = [], tiers: chosen = [] } = scenario.restore;
  return [
    ...services.flatMap((item, index) =>
      unknown("service", item, Object.keys(plan.services), at("restore", "services", index)),
    ),
    ...named.flatMap((item, index) => unknown("host", item, hosts, at("restore", "hosts", index))),
    ...chosen.flatMap((item, index) => unknown("tier", String(item), tiers, at("restore", "tiers", index))),
    ...Object.keys(scenario.hosts).flatMap((item) => unknown("host", item, hosts, at("hosts", item))),
  ];
}

function unknown(kind: string, name: string, known: readonly string[], path: PlanPath): Remark[] {
  if (known.includes(name)) return [];
  return [
    {
      code: "unknown-reference",
      severity: "error",
      path,
      message: `there is no ${kind} "${name}"`,
      hint: suggestion(name, known),
    },
  ];
}
