import type { ControlPlane } from "../context.ts";
import { type Loop, startLoop } from "../schedules/loop.ts";
import { dropOrphans, endLease, heldSessions, hostsElsewhere, renewLease, restorePresence } from "./presence-store.ts";
import type { SessionRegistry } from "./sessions.ts";
import { markAllOffline } from "./store.ts";

/** Between two looks at who holds which host, in milliseconds. */
const interval = 1000;

/**
 * Takes this replica's lease. An embedded database has one process at a time, so nobody else can hold a session; a shared one
 * keeps the hosts of other replicas as they are, and drops those of replicas that are gone.
 */
export async function beginPresence(cp: ControlPlane, { replica }: SessionRegistry): Promise<void> {
  await cp.db.transaction(async (tx) => {
    await renewLease(tx, replica);
    if (cp.config.databaseUrl === undefined) await markAllOffline(tx);
    else await dropOrphans(tx);
  });
}

/** Renews the lease and follows what other replicas hold, until it is stopped; then the lease is given up. */
export function startPresence(cp: ControlPlane, sessions: SessionRegistry): Loop {
  const loop = startLoop(cp, "presence", interval, () => presencePass(cp, sessions));
  const stop = async (): Promise<void> => {
    await loop.stop();
    await endLease(cp.db, sessions.replica);
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

/** One pass. A host that another replica has taken over, or has revoked, is let go here as well. */
export async function presencePass(cp: ControlPlane, sessions: SessionRegistry): Promise<void> {
  const { replica } = sessions;
  const lost = await cp.db.transaction(async (tx) => {
    await renewLease(tx, replica);
    await restorePresence(
      tx,
      replica,
      sessions.held().map(({ id }) => id),
    );
    return dropOrphans(tx);
  });
  const before = sessions.elsewhere();
  const now = await hostsElsewhere(cp.db, replica);
  sessions.setElsewhere(now);
  await letGo(cp, sessions);
  const changed = [...now].filter((host) => !before.has(host));
  const gone = [...lost, ...[...before].filter((host) => !now.has(host))];
  for (const subject of changed) cp.events.publish({ type: "host", subject, data: { state: "online" } });
  for (const subject of new Set(gone)) cp.events.publish({ type: "host", subject, data: { state: "offline" } });
}

async function letGo(cp: ControlPlane, sessions: SessionRegistry): Promise<void> {
  const held = sessions.held();
  if (held.length === 0) return;
  const rows = await heldSessions(cp.db);
  for (const { id, host } of held) {
    const row = rows.get(host);
    if (row?.revoked === true) sessions.endSession(id, "certificate-revoked", `${host} was revoked`);
    else if (row?.session !== id) sessions.endSession(id, "conflict", `a newer session of ${host} has taken over`);
  }
}
