import { Gauge, type Registry } from "prom-client";
import { describeFleet, type FleetFacts } from "./fleet.ts";

/** For each further repository that a policy names: how old the newest point there is, and whether copying fails. */
export function copyMetrics(registry: Registry, facts: FleetFacts): void {
  const labelNames = ["service", "source", "repository"] as const;
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers: [registry] });
  const age = gauge(
    "muster_copy_age_seconds",
    "Age of the newest whole point in a further repository of the policy; absent without one.",
  );
  const failing = gauge("muster_copy_last_failed", "1 when the last copy of the source to this repository failed.");
  for (const { service, sources } of describeFleet(facts).services) {
    for (const { source, copies } of sources) {
      for (const { repository, seconds, lastError } of copies) {
        const labels = { service, source, repository };
        if (seconds !== undefined) age.set(labels, seconds);
        failing.set(labels, lastError === undefined ? 0 : 1);
      }
    }
  }
}
