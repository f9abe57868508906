import { backupHandler } from "../catalog/backup-results.ts";
import type { ControlPlane } from "../context.ts";
import { recordOfflinePoint } from "./record-offline-point.ts";
import { scheduleFor } from "./schedule-for.ts";

/** Hangs protection onto the agents' sessions: results of backups, schedules for hosts cut off, points made meanwhile. */
export function registerProtection(cp: ControlPlane): void {
  cp.commands.handle("backup", backupHandler(cp));
  cp.sessions.provideSchedule((host) => scheduleFor(cp.db, host, cp.clock.now()));
  cp.sessions.storeOfflinePoints((tx, host, point) => recordOfflinePoint(cp, tx, host, point));
}
