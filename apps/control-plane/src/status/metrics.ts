import { lintPlan } from "@muster/recovery";
import { Gauge, Histogram, Registry } from "prom-client";
import type { ControlPlane } from "../context.ts";
import { ownBackupStatus } from "../own-backups/status.ts";
import { liveFindings } from "../plans/live-findings.ts";
import { repositoryFindings } from "../plans/repository-findings.ts";
import { currentPlans } from "../plans/store.ts";
import { sweepMetrics } from "../sweeps/metrics.ts";
import { copyMetrics } from "./copy-metrics.ts";
import { describeFleet, type FleetFacts, readFleet } from "./fleet.ts";
import { logMetrics } from "./log-metrics.ts";
import { lastDrills, recentSteps } from "./store.ts";

/**
 * Metrics in Prometheus' text format, in base units, computed from the database at each call. A fresh registry per
 * scrape, so that what is gone leaves no stale series.
 */
export async function renderMetrics(
  cp: Pick<ControlPlane, "config" | "db" | "clock">,
): Promise<{ contentType: string; text: string }> {
  const registry = new Registry();
  const facts = await readFleet(cp.db, cp.clock.now());
  sourceMetrics(registry, facts);
  copyMetrics(registry, facts);
  logMetrics(registry, facts);
  serviceMetrics(registry, facts);
  hostMetrics(registry, facts);
  await findingMetrics(registry, cp);
  await stepMetrics(registry, cp);
  await drillMetrics(registry, cp);
  await ownBackupMetrics(registry, cp);
  await sweepMetrics(registry, cp);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function sourceMetrics(registry: Registry, facts: FleetFacts): void {
  const labelNames = ["service", "source"] as const;
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers: [registry] });
  const exposure = gauge(
    "muster_exposure_seconds",
    "Data that would be lost if the source died now; absent without a recovery point.",
  );
  const target = gauge("muster_rpo_target_seconds", "Data that may be lost, by the plan.");
  const success = gauge(
    "muster_backup_last_success_timestamp_seconds",
    "End of the newest usable recovery point's backup.",
  );
  const failing = gauge("muster_backup_last_failed", "1 when the last backup of the source failed.");
  const doubts = gauge(
    "muster_point_warnings",
    "Warnings that the newest usable recovery point carries, such as: it is of another PostgreSQL cluster.",
  );
  for (const { service, sources } of describeFleet(facts).services) {
    for (const { source, seconds, rpoSeconds, warnings } of sources) {
      const labels = { service, source };
      const key = `${service}/${source}`;
      if (seconds !== undefined) exposure.set(labels, seconds);
      if (rpoSeconds !== undefined) target.set(labels, rpoSeconds);
      doubts.set(labels, warnings.length);
      const newest = facts.newest.get(key);
      if (newest !== undefined) success.set(labels, newest.finishedAt.getTime() / 1000);
      failing.set(labels, facts.lastEnded.get(key)?.state === "failed" ? 1 : 0);
    }
  }
}

function serviceMetrics(registry: Registry, facts: FleetFacts): void {
  const fleet = describeFleet(facts);
  const operational = new Gauge({
    name: "muster_service_operational",
    help: "1 when every probe of the service passes.",
    labelNames: ["service", "tier"],
    registers: [registry],
  });
  for (const { service, tier, status } of fleet.services)
    operational.set({ service, tier: String(tier) }, status === "operational" ? 1 : 0);
  forecastMetrics(registry, fleet.services);
  const active = new Gauge({
    name: "muster_recoveries_active",
    help: "Recoveries and drills that have not ended.",
    labelNames: ["mode"],
    registers: [registry],
  });
  for (const mode of ["real", "drill"])
    active.set({ mode }, fleet.activeRecoveries.filter((run) => run.mode === mode).length);
}

function forecastMetrics(registry: Registry, services: ReturnType<typeof describeFleet>["services"]): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["service", "tier"], registers: [registry] });
  const forecast = gauge(
    "muster_forecast_rto_seconds",
    "Time to come back now, by the measured steps of earlier recoveries; absent before there were any.",
  );
  const target = gauge("muster_rto_target_seconds", "Time to come back, by the plan.");
  for (const { service, tier, forecastSeconds, rtoSeconds } of services) {
    const labels = { service, tier: String(tier) };
    if (forecastSeconds !== undefined) forecast.set(labels, forecastSeconds);
    if (rtoSeconds !== undefined) target.set(labels, rtoSeconds);
  }
}

function hostMetrics(registry: Registry, facts: FleetFacts): void {
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ["host"], registers: [registry] });
  const up = gauge("muster_agent_up", "1 when the host's agent is connected.");
  const offset = gauge(
    "muster_agent_clock_offset_seconds",
    "The host's clock against the control plane's, as last measured.",
  );
  for (const host of facts.hosts.values()) {
    if (host.revokedAt !== null) continue;
    up.set({ host: host.name }, host.online === 1 ? 1 : 0);
    if (host.clockOffsetMs !== null) offset.set({ host: host.name }, host.clockOffsetMs / 1000);
  }
}

async function findingMetrics(registry: Registry, cp: Pick<ControlPlane, "config" | "db">): Promise<void> {
  const findings = new Gauge({
    name: "muster_plan_findings",
    help: "Findings of the linter and of the fleet's facts in the plans in force.",
    labelNames: ["severity"],
    registers: [registry],
  });
  for (const severity of ["error", "warning", "info"]) findings.set({ severity }, 0);
  for (const { model } of await currentPlans(cp.db)) {
    const live = [...(await liveFindings(cp.db, model)), ...repositoryFindings(model, cp.config.repositories)];
    for (const { severity } of [...lintPlan(model), ...live]) findings.inc({ severity });
  }
}

async function stepMetrics(registry: Registry, cp: Pick<ControlPlane, "db">): Promise<void> {
  const duration = new Histogram({
    name: "muster_recovery_step_duration_seconds",
    help: "Measured durations of recovery steps, from the newest 10,000.",
    labelNames: ["service", "work"],
    buckets: [1, 5, 15, 60, 300, 900, 3600, 14_400],
    registers: [registry],
  });
  for (const { service, work, durationMs } of await recentSteps(cp.db))
    duration.observe({ service, work }, durationMs / 1000);
}

async function drillMetrics(registry: Registry, cp: Pick<ControlPlane, "db">): Promise<void> {
  const success = new Gauge({
    name: "muster_drill_last_success_timestamp_seconds",
    help: "End of the newest successful drill of the plan; absent when there was none.",
    labelNames: ["plan"],
    registers: [registry],
  });
  for (const { plan, finishedAt } of await lastDrills(cp.db)) success.set({ plan }, finishedAt.getTime() / 1000);
}

async function ownBackupMetrics(registry: Registry, cp: Pick<ControlPlane, "config" | "db" | "clock">): Promise<void> {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["repository"], registers: [registry] });
  const taken = gauge(
    "muster_control_plane_backup_timestamp_seconds",
    "Moment of the newest point of the control plane's own database; absent without one.",
  );
  const ok = gauge(
    "muster_control_plane_backup_ok",
    "1 when the control plane's own database has a point that is recent enough, and the last try did not fail.",
  );
  for (const { repository, latestPointAt, state, lastError } of await ownBackupStatus(cp)) {
    if (latestPointAt !== undefined) taken.set({ repository }, Date.parse(latestPointAt) / 1000);
    ok.set({ repository }, state === "ok" && lastError === undefined ? 1 : 0);
  }
}
