import type { Api } from "./api.ts";
import { until } from "./processes.ts";
import { line, seconds } from "./report.ts";

interface Backup {
  readonly id: string;
  readonly service: string;
  readonly source: string;
  readonly state: string;
  readonly error?: { readonly message: string; readonly hint: string };
}

interface Step {
  readonly id: string;
  readonly title: string;
  readonly tier: number;
  readonly host: string;
  readonly state: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly error?: { readonly message: string; readonly hint: string };
}

export interface Recovery {
  readonly id: string;
  readonly state: string;
  readonly steps: readonly Step[];
  readonly findings: readonly { readonly severity: string; readonly message: string; readonly hint: string }[];
  readonly objectives: { readonly rtoMs?: number; readonly rpoMs?: number };
  readonly achieved?: {
    readonly rtoMs?: number;
    readonly rpoMs?: number;
    readonly spreadMs?: number;
    readonly tiers: readonly { readonly tier: number; readonly rtoMs?: number }[];
  };
}

/** Backs everything up and waits for the end of every backup. */
export async function backUpEverything(api: Api): Promise<void> {
  const { backups } = await api.post<{ backups: Backup[] }>("/api/v1/backups", { all: true });
  for (const { id } of backups) {
    const ended = await backupEnd(api, id);
    if (ended.state !== "succeeded")
      throw new Error(
        `the backup of ${ended.service}/${ended.source} ${ended.state}: ${ended.error?.message}\n${ended.error?.hint}`,
      );
    line(`  backed up ${ended.service}/${ended.source}`);
  }
}

async function backupEnd(api: Api, id: string): Promise<Backup> {
  let backup = await api.get<Backup>(`/api/v1/backups/${id}`);
  await until(`the end of backup ${id}`, async () => {
    backup = await api.get<Backup>(`/api/v1/backups/${id}`);
    return !isLive(backup);
  });
  return backup;
}

function isLive({ state }: Backup): boolean {
  return state === "queued" || state === "running";
}

/** Waits until no backup runs: the schedule makes some too. */
export async function awaitQuiet(api: Api): Promise<void> {
  await until("the end of the scheduled backups", async () => {
    const { items } = await api.get<{ items: Backup[] }>("/api/v1/backups?limit=50");
    return !items.some(isLive);
  });
}

interface FleetStatus {
  readonly description: string;
  readonly services: readonly {
    readonly service: string;
    readonly tier: number;
    readonly tierName: string;
    readonly status: string;
    readonly exposureSeconds?: number;
    readonly exposureState: string;
    readonly rpoSeconds?: number;
  }[];
}

/** Prints what `muster status` knows: health and exposure of each service. */
export async function showStatus(api: Api): Promise<void> {
  const status = await api.get<FleetStatus>("/api/v1/status");
  line(`  ${status.description}`);
  for (const { service, tier, status: health, exposureSeconds, exposureState, rpoSeconds } of status.services) {
    const exposure =
      exposureSeconds === undefined
        ? "no recovery point"
        : `exposure ${exposureSeconds.toFixed(1)} s of ${rpoSeconds ?? "?"} s allowed (${exposureState})`;
    line(`  tier ${tier}  ${service.padEnd(12)} ${health.padEnd(22)} ${exposure}`);
  }
}

/** Waits until every service is operational, but for those named, which no probe of theirs finds well any more. */
export async function awaitHealth(api: Api, down: readonly string[] = []): Promise<void> {
  await until("the status page to follow", async () => {
    const { services } = await api.get<FleetStatus>("/api/v1/status");
    return services.every(
      ({ service, status }) => status === (down.includes(service) ? "major_outage" : "operational"),
    );
  });
}

/**
 * Recovers the scenario to the last points before the failure, and prints each step as it ends; throws when it does not succeed.
 * Not to the latest points: the schedule goes on, and may have backed up what the disaster left.
 */
export async function recover(api: Api, scenario: string, failureAt: Date): Promise<Recovery> {
  let recovery = await api.post<Recovery>("/api/v1/recoveries", {
    scenario,
    target: failureAt.toISOString(),
    failureAt: failureAt.toISOString(),
    reason: "demo",
  });
  const shown = new Set<string>();
  await until(
    `the end of recovery ${recovery.id}`,
    async () => {
      recovery = await api.get<Recovery>(`/api/v1/recoveries/${recovery.id}`);
      for (const step of recovery.steps) showOnce(step, shown);
      return ended.has(recovery.state);
    },
    300,
  );
  if (recovery.state === "succeeded") return recovery;
  const problems = [
    ...recovery.findings.filter(({ severity }) => severity === "error"),
    ...recovery.steps.flatMap(({ error }) => error ?? []),
  ];
  throw new Error(
    `the recovery ${recovery.state}:\n${problems.map(({ message, hint }) => `  ${message}\n    ${hint}`).join("\n")}`,
  );
}

const ended: ReadonlySet<string> = new Set([
  "succeeded",
  "failed",
  "cancelled",
  "completed_with_exceptions",
  "timed_out",
]);

function showOnce(step: Step, shown: Set<string>): void {
  if (!["succeeded", "failed", "skipped"].includes(step.state) || shown.has(step.id)) return;
  shown.add(step.id);
  const took =
    step.startedAt === undefined || step.finishedAt === undefined
      ? ""
      : seconds(Date.parse(step.finishedAt) - Date.parse(step.startedAt));
  line(
    `  tier ${step.tier}  ${step.host.padEnd(8)} ${step.title.padEnd(58)} ${step.state === "succeeded" ? "ok" : step.state} ${took}`,
  );
}
