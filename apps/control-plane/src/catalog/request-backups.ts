import { MusterError } from "@muster/core";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { allServices, type FoundService } from "../plans/store.ts";
import { announceBackup, type BackupTarget, queueBackup, refuseOffline } from "./create-backup.ts";
import { dispatchBackups } from "./dispatch.ts";
import { type BackupRow, liveBackup } from "./store.ts";

export interface BackupRequest {
  readonly services: readonly string[];
  /** As `service/source`. */
  readonly sources: readonly string[];
  readonly all: boolean;
}

/**
 * Backs up what was asked for, now. A source whose backup is live already answers with that one; one whose host is
 * away is recorded as failed with `host-offline`. Throws `plan-not-applied`, `not-found`, `selection-empty`.
 */
export async function requestBackups(cp: ControlPlane, request: BackupRequest, by: Actor): Promise<BackupRow[]> {
  const rows = await cp.db.transaction(async (tx) => {
    const targets = selectTargets(await allServices(tx), request);
    const created: BackupRow[] = [];
    for (const target of targets) created.push(await requestOne(cp, tx, target, by));
    const subjects = targets.map(({ found, source }) => `${found.name}/${source}`);
    await recordAudit(tx, cp.clock.now(), { actor: by, action: "backup.request", subject: subjects.join(" ") });
    return created;
  });
  for (const row of rows) announceBackup(cp, row, { state: row.state });
  await dispatchBackups(cp);
  return rows;
}

async function requestOne(cp: ControlPlane, tx: Tx, target: BackupTarget, by: Actor): Promise<BackupRow> {
  const { found, source } = target;
  const live = await liveBackup(tx, found.name, source);
  if (live !== undefined) return live;
  if (!cp.commands.isOnline(found.service.host)) return refuseOffline(tx, cp.clock.now(), target, by);
  const row = await queueBackup(tx, cp.clock.now(), target, { trigger: "manual", by });
  // Somebody else was faster: the insert has waited for their commit, so their backup is there to be read.
  const answer = row ?? (await liveBackup(tx, found.name, source));
  if (answer !== undefined) return answer;
  throw new MusterError("source-busy", `another backup of ${found.name}/${source} has just ended`);
}

/** The sources that a request names, each once, in the order of the plan. */
export function selectTargets(services: readonly FoundService[], request: BackupRequest): BackupTarget[] {
  if (services.length === 0)
    throw new MusterError("plan-not-applied", "no plan is in force, so there is nothing to back up");
  const every = services.flatMap((found) => Object.keys(found.service.sources).map((source) => ({ found, source })));
  refuseUnknown(services, every, request);
  const chosen = every.filter(
    ({ found, source }) =>
      request.all || request.services.includes(found.name) || request.sources.includes(`${found.name}/${source}`),
  );
  if (chosen.length === 0) {
    throw new MusterError("selection-empty", "the request names no source", {
      hint: "Name services or sources, or ask for all.",
    });
  }
  return chosen;
}

function refuseUnknown(
  services: readonly FoundService[],
  every: readonly BackupTarget[],
  request: BackupRequest,
): void {
  const known = new Set(every.map(({ found, source }) => `${found.name}/${source}`));
  const names = new Set(services.map((found) => found.name));
  const unknown = [
    ...request.services.filter((name) => !names.has(name)),
    ...request.sources.filter((name) => !known.has(name)),
  ];
  if (unknown.length === 0) return;
  throw new MusterError("not-found", `no plan in force has ${unknown.join(", ")}`, {
    hint: `Known sources: ${[...known].join(", ")}`,
    details: { unknown },
  });
}
