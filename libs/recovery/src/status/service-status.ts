/** Component states of the Statuspage v2 API. */
export type ComponentState =
  | "operational"
  | "degraded_performance"
  | "partial_outage"
  | "major_outage"
  | "under_maintenance";

export interface ServiceHealth {
  readonly probes: readonly { readonly state: "starting" | "passing" | "failing" | "unknown" }[];
  readonly hostOnline: boolean;
  /** A recovery works on the service. */
  readonly recovering: boolean;
  /** Work on the service was announced. */
  readonly maintenance?: boolean | undefined;
}

/**
 * What the status page says of a service. Announced work explains whatever the probes see; otherwise probes decide. Without a fresh answer the page does not claim that all is well: a silent
 * host is degraded, not operational, and not an outage that nobody has seen.
 */
export function serviceStatus(health: ServiceHealth): ComponentState {
  if (health.maintenance === true) return "under_maintenance";
  const failing = health.probes.filter((probe) => probe.state === "failing").length;
  if (failing > 0) return failing === health.probes.length ? "major_outage" : "partial_outage";
  if (health.recovering) return "partial_outage";
  if (!health.hostOnline) return "degraded_performance";
  return health.probes.some((probe) => probe.state !== "passing") ? "degraded_performance" : "operational";
}

export interface Indicator {
  readonly indicator: "none" | "minor" | "major" | "critical";
  readonly description: string;
}

/** The one line at the top of a status page. */
export function fleetIndicator(states: readonly ComponentState[]): Indicator {
  const out = states.filter((state) => state === "major_outage").length;
  if (states.length > 0 && out === states.length) return { indicator: "critical", description: "Major System Outage" };
  if (out > 0 || states.includes("partial_outage")) return { indicator: "major", description: "Partial System Outage" };
  if (states.includes("degraded_performance")) return { indicator: "minor", description: "Degraded Performance" };
  if (states.includes("under_maintenance")) return { indicator: "minor", description: "Under Maintenance" };
  if (states.length === 0) return { indicator: "none", description: "No Services Set Up Yet" };
  return { indicator: "none", description: "All Systems Operational" };
}
