import { setTimeout as delay } from "node:timers/promises";
import type { Api } from "./api.ts";
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
  for (let tries = 0; tries < 600; tries++) {
    const backup = await api.get<Backup>(`/api/v1/backups/${id}`);
    if (!["queued", "running"].includes(backup.state)) return backup;
    await delay(100);
  }
  throw new Error(`backup ${id} did not end within a minute`);
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

/** Waits until the public status is as expected. */
export async function awaitHealth(api: Api, wanted: (states: readonly string[]) => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const { services } = await api.get<FleetStatus>("/api/v1/status");
    if (wanted(services.map(({ status }) => status))) return;
    await delay(100);
  }
  throw new Error("the status page did not follow within 30 s");
}

/** Recovers the scenario and prints each step as it ends; throws when it does not succeed. */
export async function recover(api: Api, scenario: string, failureAt: Date): Promise<Recovery> {
  let recovery = await api.post<Recovery>("/api/v1/recoveries", {
    scenario,
    failureAt: failureAt.toISOString(),
    reason: "demo",
  });
  const shown = new Set<string>();
  for (let tries = 0; tries < 1200; tries++) {
    recovery = await api.get<Recovery>(`/api/v1/recoveries/${recovery.id}`);
    for (const step of recovery.steps) showOnce(step, shown);
    if (["succeeded", "failed", "cancelled", "completed_with_exceptions", "timed_out"].includes(recovery.state)) break;
    await delay(100);
  }
  if (recovery.state === "succeeded") return recovery;
  const problems = [
    ...recovery.findings.filter(({ severity }) => severity === "error"),
    ...recovery.steps.flatMap(({ error }) => error ?? []),
  ];
  throw new Error(
    `the recovery ${recovery.state}:\n${problems.map(({ message, hint }) => `  ${message}\n    ${hint}`).join("\n")}`,
  );
}

function showOnce(step: Step, shown: Set<string>): void {
  const ended = ["succeeded", "failed", "skipped"].includes(step.state);
  if (!ended || shown.has(step.id)) return;
  shown.add(step.id);
  const took =
    step.startedAt === undefined || step.finishedAt === undefined
      ? ""
      : seconds(Date.parse(step.finishedAt) - Date.parse(step.startedAt));
  line(
    `  tier ${step.tier}  ${step.host.padEnd(8)} ${step.title.padEnd(58)} ${step.state === "succeeded" ? "ok" : step.state} ${took}`,
  );
}
