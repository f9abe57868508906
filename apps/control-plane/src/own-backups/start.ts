import type { ControlPlane } from "../context.ts";
import { type Loop, startLoop } from "../schedules/loop.ts";
import { isOwnBackupDue } from "./due.ts";
import { endOwnBackups } from "./end-own-backups.ts";
import { protectOwnData } from "./protect.ts";
import { removeSpool } from "./write-point.ts";

const lookEvery = 5000;

/** Starts the backups of the control plane's own database, into every repository that its configuration names for them. */
export async function startOwnBackups(cp: ControlPlane): Promise<Pick<Loop, "stop">> {
  const { everyMs, repositories } = cp.config.ownBackups;
  if (everyMs === undefined) return { stop: async () => undefined };
  await removeSpool(cp.config);
  // An embedded database has no other replica that could be at it; with a server, what was left is given up after its timeout.
  if (cp.config.databaseUrl === undefined) await endOwnBackups(cp.db, cp.clock.now(), "the control plane was stopped");
  return startLoop(cp, "own backup", lookEvery, async (signal) => {
    for (const name of repositories) {
      if (await isOwnBackupDue(cp.db, name, everyMs, cp.clock.now())) await protectOwnData(cp, name, signal);
    }
  });
}
