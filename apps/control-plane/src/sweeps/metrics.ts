import { Gauge, type Registry } from "prom-client";
import type { ControlPlane } from "../context.ts";
import { lastSweeps, listHolds } from "./store.ts";
import { servicesOf } from "./views.ts";

/** What the newest sweep of each repository found, and the holds in force. */
export async function sweepMetrics(registry: Registry, cp: Pick<ControlPlane, "db">): Promise<void> {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["repository"], registers: [registry] });
  const success = gauge("muster_sweep_last_success_timestamp_seconds", "End of the newest sweep that succeeded.");
  const stored = gauge("muster_repository_stored_bytes", "Bytes of data in the repository, at the newest sweep.");
  const waiting = gauge("muster_sweep_waiting_bytes", "Of these, bytes that are marked and wait for their grace.");
  const notes = gauge("muster_sweep_left", "Things that the newest sweep left, because it could not do them yet.");
  for (const row of await lastSweeps(cp.db, { succeeded: true })) {
    const labels = { repository: row.repository };
    const services = servicesOf(row) ?? [];
    const sum = (of: (service: (typeof services)[number]) => number) => services.reduce((all, one) => all + of(one), 0);
    success.set(labels, (row.finishedAt ?? row.startedAt).getTime() / 1000);
    stored.set(
      labels,
      sum(({ stored, deleted }) => stored.bytes - deleted.bytes),
    );
    waiting.set(
      labels,
      sum(({ marked, waiting }) => marked.bytes + waiting.bytes),
    );
    notes.set(
      labels,
      sum(({ notes, locked }) => notes.length + locked.length),
    );
  }
  const held = new Gauge({ name: "muster_holds", help: "Holds in force on recovery points.", registers: [registry] });
  held.set((await listHolds(cp.db, { all: false })).length);
}
