import { timestampMs } from "@muster/protocol/grpc";
import { Gauge, type Registry } from "prom-client";
import type { FleetFacts } from "./fleet.ts";
import { logOf } from "./logs.ts";

/** For each continuous source: what its agent measured of it last. */
export function logMetrics(registry: Registry, facts: FleetFacts): void {
  const labelNames = ["service", "source"] as const;
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers: [registry] });
  const up = gauge("muster_log_streaming", "1 when the log of a continuous source arrives and is stored.");
  const lag = gauge("muster_log_lag_bytes", "What the source has flushed and the repository does not have yet.");
  const until = gauge("muster_log_protected_timestamp_seconds", "Everything committed before this time is durable.");
  const kept = gauge("muster_log_kept_bytes", "What the source keeps on its own disk until it is durable.");
  const safe = gauge(
    "muster_log_safe_bytes",
    "What the source can still write before some of its log is lost; absent without a bound.",
  );
  const room = gauge("muster_log_disk_free_bytes", "Room on the disk where the source keeps its log.");
  const gaps = gauge("muster_log_gaps", "Parts of the log that are lost; a new backup makes the source whole again.");
  for (const { name: service, service: planned } of facts.services) {
    for (const source of Object.keys(planned.sources)) {
      const log = logOf(facts.hosts.get(planned.host), source);
      if (log === undefined) continue;
      const labels = { service, source };
      up.set(labels, log.state === "streaming" ? 1 : 0);
      gaps.set(labels, log.gaps);
      if (log.lagBytes !== undefined) lag.set(labels, Number(log.lagBytes));
      if (log.protectedUntil !== undefined) until.set(labels, timestampMs(log.protectedUntil) / 1000);
      if (log.slotKeptBytes !== undefined) kept.set(labels, Number(log.slotKeptBytes));
      if (log.slotSafeBytes !== undefined) safe.set(labels, Number(log.slotSafeBytes));
      if (log.headroomBytes !== undefined) room.set(labels, Number(log.headroomBytes));
    }
  }
}
