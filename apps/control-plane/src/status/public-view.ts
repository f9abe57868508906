import { createHash } from "node:crypto";
import type { ApiFleetStatus, ApiServiceStatus } from "@muster/protocol";
import type { Run } from "@muster/recovery";

/** What strangers may see of a service: its name and state; nothing of hosts, addresses, errors. */
export interface PublicService {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly tier: number;
  readonly status: ApiServiceStatus["status"];
  readonly since: string | undefined;
  /** How well its data is protected; undefined for a service without data. */
  readonly protection: Protection | undefined;
}

export interface Protection {
  readonly state: ApiServiceStatus["exposureState"];
  /** Data up to this moment is safe in every source; undefined when some source has no recovery point. */
  readonly safeUpTo: string | undefined;
}

export interface PublicTier {
  readonly id: string;
  readonly tier: number;
  readonly name: string;
  readonly services: readonly PublicService[];
}

/** How far a recovery has come in one tier. */
export interface TierProgress {
  readonly tier: number;
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly state: "waiting" | "working" | "done" | "stopped";
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

export interface PublicRecovery {
  readonly id: string;
  readonly state: Run["state"];
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  readonly tiers: readonly TierProgress[];
  /** Ids of the public services that it brings back. */
  readonly services: readonly string[];
}

/** Everything that the public page and its feeds are made of. */
export interface PublicView {
  readonly title: string;
  readonly timezone: string;
  readonly at: string;
  readonly indicator: ApiFleetStatus["indicator"];
  readonly description: string;
  readonly tiers: readonly PublicTier[];
  /** Newest first; drills are never among them. */
  readonly recoveries: readonly PublicRecovery[];
}

const ended: readonly Run["state"][] = [
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
  "rolled_back",
];

/** True while people are still working on it: a failed run is over, but what it was to mend is not. */
export function isEnded(state: Run["state"]): boolean {
  return ended.includes(state);
}

/** A stable id that tells nothing about what it stands for. */
export function publicId(kind: string, name: string): string {
  return createHash("sha256").update(`${kind}:${name}`).digest("hex").slice(0, 12);
}

/** Takes from the operators' view what the public may see. `isPublic` says so per service; `runs` are real ones only. */
export function publicView(
  fleet: Pick<ApiFleetStatus, "at" | "services">,
  facts: {
    title: string;
    timezone: string;
    isPublic: (service: string) => boolean;
    runs: readonly Run[];
    overall: (services: readonly PublicService[]) => Pick<PublicView, "indicator" | "description">;
  },
): PublicView {
  const services = fleet.services.filter(({ service }) => facts.isPublic(service)).map(publicService);
  const names = new Map(fleet.services.map(({ tier, tierName }) => [tier, tierName]));
  const tiers = [...new Set(services.map(({ tier }) => tier))].sort((a, b) => a - b);
  return {
    title: facts.title,
    timezone: facts.timezone,
    at: fleet.at,
    ...facts.overall(services),
    tiers: tiers.map((tier) => ({
      id: publicId("tier", String(tier)),
      tier,
      name: names.get(tier) ?? `Tier ${tier}`,
      services: services.filter((service) => service.tier === tier),
    })),
    recoveries: facts.runs.filter(wasBegun).map((run) => publicRecovery(run, names, services)),
  };
}

function publicService(service: ApiServiceStatus): PublicService {
  return {
    id: publicId("service", service.service),
    name: displayName(service.service),
    description: service.description,
    tier: service.tier,
    status: service.status,
    since: service.since,
    protection: protectionOf(service),
  };
}

function protectionOf({ sources, exposureState }: ApiServiceStatus): Protection | undefined {
  if (sources.length === 0) return undefined;
  const moments = sources.map(({ latestPointAt }) => latestPointAt);
  const known = moments.filter((moment) => moment !== undefined).sort();
  return { state: exposureState, safeUpTo: known.length === moments.length ? known[0] : undefined };
}

/** `orders-db` → `Orders db`: names in plans are made for machines. */
function displayName(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function wasBegun(run: Run): boolean {
  return run.plan.mode === "real" && run.startedAt !== undefined;
}

function publicRecovery(
  run: Run,
  names: ReadonlyMap<number, string>,
  services: readonly PublicService[],
): PublicRecovery {
  const touched = new Set(run.plan.steps.map((step) => publicId("service", step.service)));
  const tiers = [...new Set(run.plan.steps.map(({ tier }) => tier))].sort((a, b) => a - b);
  return {
    id: publicId("recovery", run.id),
    state: run.state,
    startedAt: run.startedAt ?? run.createdAt,
    finishedAt: run.finishedAt,
    tiers: tiers.map((tier) => tierProgress(run, tier, names.get(tier) ?? `Tier ${tier}`)),
    services: services.filter(({ id }) => touched.has(id)).map(({ id }) => id),
  };
}

function tierProgress(run: Run, tier: number, name: string): TierProgress {
  const steps = run.plan.steps.filter((step) => step.tier === tier).flatMap(({ id }) => run.steps[id] ?? []);
  const done = steps.filter(({ state }) => state === "succeeded" || state === "skipped");
  const complete = steps.length > 0 && done.length === steps.length;
  const begun = steps.flatMap(({ startedAt }) => startedAt ?? []);
  const finished = done.flatMap(({ finishedAt }) => finishedAt ?? []);
  return {
    tier,
    name,
    done: done.length,
    total: steps.length,
    // A recovery that was rolled back has brought nothing back for good.
    state: complete && run.state !== "rolled_back" ? "done" : tierState(run, begun.length > 0),
    startedAt: begun.length > 0 ? Math.min(...begun) : undefined,
    finishedAt: complete && finished.length > 0 ? Math.max(...finished) : undefined,
  };
}

function tierState(run: Run, begun: boolean): TierProgress["state"] {
  if (isEnded(run.state)) return "stopped";
  return begun ? "working" : "waiting";
}
