import type { ApiFleetStatus } from "@muster/protocol";
import { newestPoints } from "../catalog/points-store.ts";
import { lastEnded } from "../catalog/store.ts";
import type { ControlPlane } from "../context.ts";
import { ownService, ownSource } from "./names.ts";

export type OwnBackupStatus = ApiFleetStatus["controlPlane"][number];

/** A point that is older than so many intervals is late. */
const tolerated = 2;

/** How well the control plane itself is protected, for each repository that is to have its backups. */
export async function ownBackupStatus(cp: Pick<ControlPlane, "config" | "db" | "clock">): Promise<OwnBackupStatus[]> {
  const { everyMs, repositories } = cp.config.ownBackups;
  if (everyMs === undefined) return [];
  const newest = await newestPoints(cp.db);
  const last = await lastEnded(cp.db);
  return repositories.map((repository) => {
    const key = `${ownService}/${ownSource(repository)}`;
    const takenAt = newest.get(key)?.takenAt;
    const error = last.get(key)?.state === "failed" ? last.get(key)?.error?.message : undefined;
    return {
      repository,
      everySeconds: everyMs / 1000,
      state: stateOf(takenAt, everyMs, cp.clock.now()),
      ...(takenAt === undefined ? {} : { latestPointAt: takenAt.toISOString() }),
      ...(error === undefined ? {} : { lastError: error }),
    };
  });
}

function stateOf(takenAt: Date | undefined, everyMs: number, now: number): OwnBackupStatus["state"] {
  if (takenAt === undefined) return "unprotected";
  return now - takenAt.getTime() > tolerated * everyMs ? "late" : "ok";
}
