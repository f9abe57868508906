import { MusterError } from "@muster/core";
import type { OfflinePoint } from "@muster/protocol/grpc";
import { recordAudit } from "../audit/record.ts";
import { pointRow } from "../catalog/point-rows.ts";
import { insertPoints } from "../catalog/points-store.ts";
import { insertBackup } from "../catalog/store.ts";
import type { ControlPlane, Tx } from "../context.ts";

/**
 * Lists a point that an agent made while the control plane was away, with a backup of trigger `offline`. A repeat does
 * nothing. Runs in the session's transaction; confirm to the agent after the commit. Throws `usage` without a point.
 */
export async function recordOfflinePoint(cp: ControlPlane, tx: Tx, host: string, offline: OfflinePoint): Promise<void> {
  const { point, service, source, offlineId } = offline;
  if (point === undefined) throw new MusterError("usage", `the offline report ${offlineId} of ${host} has no point`);
  const now = new Date(cp.clock.now());
  const row = pointRow({ service, source, host, repository: point.repository }, point, now);
  const [added] = await insertPoints(tx, [row]);
  if (added === undefined) return;
  await insertBackup(tx, {
    id: `bak_${offlineId}`,
    service,
    source,
    host,
    repository: point.repository,
    trigger: "offline",
    state: "succeeded",
    requestedBy: `host:${host}`,
    timeoutMs: 0,
    createdAt: row.startedAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    pointId: row.id,
  });
  await recordAudit(tx, now.getTime(), {
    actor: `host:${host}`,
    action: "backup.offline",
    subject: `${service}/${source}`,
    details: { point: row.id },
  });
  cp.events.publish({ type: "point", subject: row.id, data: { service, source, takenAt: row.takenAt.toISOString() } });
}
