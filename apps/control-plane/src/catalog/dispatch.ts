import { BackupSchema, create } from "@muster/protocol/grpc";
import type { ControlPlane, Tx } from "../context.ts";
import { allServices } from "../plans/store.ts";
import { announceBackup } from "./create-backup.ts";
import { systemIdentifierOf } from "./point-warnings.ts";
import { newestPoint } from "./points-store.ts";
import { type BackupRow, lockScheduler, markRunning, queuedBackups, runningPerHost } from "./store.ts";

/** Queued backups start one after the other where several fit; this is for hosts that no plan names any more. */
const defaultBackupsPerHost = 1;

/**
 * Starts queued backups, oldest first, while their hosts are connected and have a place (`limits.backupsPerHost`).
 * A crash after the commit loses nothing: the command is stored with the state and is sent again.
 */
export async function dispatchBackups(cp: ControlPlane): Promise<void> {
  const started = await cp.db.transaction((tx) => dispatchIn(cp, tx));
  for (const row of started) announceBackup(cp, row, { state: "running" });
  if (started.length > 0) cp.commands.wake();
}

async function dispatchIn(cp: ControlPlane, tx: Tx): Promise<BackupRow[]> {
  await lockScheduler(tx);
  const queued = (await queuedBackups(tx)).filter((row) => cp.commands.isOnline(row.host));
  if (queued.length === 0) return [];
  const limits = await limitsPerHost(tx);
  const running = await runningPerHost(tx);
  const started: BackupRow[] = [];
  for (const row of queued) {
    const busy = running.get(row.host) ?? 0;
    if (busy >= (limits.get(row.host) ?? defaultBackupsPerHost)) continue;
    if (!(await markRunning(tx, row.id, new Date(cp.clock.now())))) continue;
    running.set(row.host, busy + 1);
    await queueCommand(cp, tx, row);
    started.push(row);
  }
  return started;
}

/** The smallest limit of the plans that use a host. */
async function limitsPerHost(tx: Tx): Promise<Map<string, number>> {
  const limits = new Map<string, number>();
  for (const { service, plan } of await allServices(tx)) {
    const limit = plan.model.limits.backupsPerHost;
    limits.set(service.host, Math.min(limit, limits.get(service.host) ?? limit));
  }
  return limits;
}

async function queueCommand(cp: ControlPlane, tx: Tx, row: BackupRow): Promise<void> {
  const { service, source } = row;
  const newest = await newestPoint(tx, row);
  const undoubted = await newestPoint(tx, row, { undoubted: true });
  const value = create(BackupSchema, {
    ...{ service, source },
    expectedBytes: BigInt(newest?.logicalBytes ?? 0),
    systemIdentifier: undoubted === undefined ? "" : systemIdentifierOf(undoubted),
  });
  await cp.commands.queue(tx, {
    id: row.id,
    attempt: 1,
    host: row.host,
    target: `source/${row.source}`,
    fenced: false,
    owner: "backup",
    ownerId: row.id,
    timeoutMs: row.timeoutMs,
    work: { case: "backup", value },
    grant: { repository: row.repository, domain: row.service },
  });
}
