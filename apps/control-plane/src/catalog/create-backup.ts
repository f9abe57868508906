import { errorValue, MusterError, newId } from "@muster/core";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import type { FoundService } from "../plans/store.ts";
import { type BackupRow, insertBackup } from "./store.ts";

/** A source of a service, with what a backup of it needs to know. */
export interface BackupTarget {
  readonly found: FoundService;
  readonly source: string;
}

/** Without a policy, a backup by hand goes here and may take this long (milliseconds). */
const byHand = { repository: "main", timeoutMs: 6 * 3_600_000 } as const;

/** Where backups of a source go (the first copy) and how long they may take, in milliseconds. */
export function backupSettings({ found, source }: BackupTarget): { repository: string; timeoutMs: number } {
  const name = found.service.sources[source]?.policy;
  const policy = name === undefined ? undefined : found.plan.model.policies[name];
  if (policy === undefined) return byHand;
  return { repository: policy.copies[0] ?? byHand.repository, timeoutMs: policy.timeout };
}

/** Queues a backup; undefined when one of this source is live already. It starts when its host has a place for it. */
export async function queueBackup(
  tx: Tx,
  now: number,
  target: BackupTarget,
  cause: { trigger: "schedule" | "catch-up" | "manual"; by: Actor; dueAt?: Date },
): Promise<BackupRow | undefined> {
  return insertBackup(tx, { ...newRow(now, target, cause), state: "queued" });
}

/** Records that a backup was asked for while its host is away, so that the refusal is seen where backups are looked for. */
export async function refuseOffline(tx: Tx, now: number, target: BackupTarget, by: Actor): Promise<BackupRow> {
  const host = target.found.service.host;
  const error = errorValue(new MusterError("host-offline", `the agent of host ${host} is not connected`));
  const row = await insertBackup(tx, {
    ...newRow(now, target, { trigger: "manual", by }),
    state: "failed",
    finishedAt: new Date(now),
    error,
  });
  if (row === undefined) throw new MusterError("internal", `the refused backup on ${host} was not recorded`);
  return row;
}

function newRow(now: number, target: BackupTarget, cause: { trigger: BackupRow["trigger"]; by: Actor; dueAt?: Date }) {
  return {
    id: newId("bak"),
    service: target.found.name,
    source: target.source,
    host: target.found.service.host,
    ...backupSettings(target),
    trigger: cause.trigger,
    requestedBy: cause.by,
    dueAt: cause.dueAt ?? null,
    createdAt: new Date(now),
  };
}

/** Tells live views about a backup; call it when the row says the same. */
export function announceBackup(
  cp: Pick<ControlPlane, "events">,
  row: Pick<BackupRow, "id" | "service" | "source">,
  data: Record<string, unknown>,
): void {
  cp.events.publish({ type: "backup", subject: row.id, data: { service: row.service, source: row.source, ...data } });
}
