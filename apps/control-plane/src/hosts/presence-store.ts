import { hosts, replicas } from "@muster/database";
import { and, eq, inArray, isNull, ne, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";
import type { HostRow } from "./store.ts";

/*
 * Which replica holds which host's session. A replica keeps a lease by the database's clock, so that replicas' clocks do not
 * matter; when it runs out, nobody holds its sessions any more.
 */

/** How long a lease holds without being renewed, in seconds. */
const leaseSeconds = 15;

export async function renewLease(tx: Tx, replica: string): Promise<void> {
  const leaseUntil = sql`now() + ${leaseSeconds} * interval '1 second'`;
  await tx
    .insert(replicas)
    .values({ id: replica, leaseUntil })
    .onConflictDoUpdate({ target: replicas.id, set: { leaseUntil } });
}

/** Gives up a replica's lease, and with it whatever sessions it still seems to hold. */
export async function endLease(tx: Tx, replica: string): Promise<void> {
  await tx.delete(replicas).where(eq(replicas.id, replica));
  await tx.update(hosts).set({ online: 0 }).where(eq(hosts.replica, replica));
}

/** Hosts whose replica has lost its lease are offline; their names. */
export async function dropOrphans(tx: Tx): Promise<string[]> {
  await tx.delete(replicas).where(sql`${replicas.leaseUntil} <= now()`);
  const live = tx.select({ id: replicas.id }).from(replicas);
  const held = sql`${hosts.replica} is not null and ${hosts.replica} in ${live}`;
  const orphans = and(eq(hosts.online, 1), sql`not (${held})`);
  return (await tx.update(hosts).set({ online: 0 }).where(orphans).returning({ name: hosts.name })).map(
    ({ name }) => name,
  );
}

/** Names of the hosts that are connected to other replicas. */
export async function hostsElsewhere(tx: Tx, replica: string): Promise<Set<string>> {
  const rows = await tx
    .select({ name: hosts.name })
    .from(hosts)
    .where(and(eq(hosts.online, 1), ne(hosts.replica, replica)));
  return new Set(rows.map(({ name }) => name));
}

/** Every host by name, with its live session. */
export async function heldSessions(tx: Tx): Promise<Map<string, { session: string | null; revoked: boolean }>> {
  const rows = await tx.select({ name: hosts.name, session: hosts.sessionId, revokedAt: hosts.revokedAt }).from(hosts);
  return new Map(rows.map(({ name, session, revokedAt }) => [name, { session, revoked: revokedAt !== null }]));
}

/** Changes a host as long as this is its session; another replica may hold a newer one. */
export async function updateHeldHost(tx: Tx, session: string, name: string, set: Partial<HostRow>): Promise<void> {
  await tx
    .update(hosts)
    .set(set)
    .where(and(eq(hosts.name, name), eq(hosts.sessionId, session)));
}

/** After a pause in which the lease ran out: what this replica still holds is online again. */
export async function restorePresence(tx: Tx, replica: string, keep: readonly string[]): Promise<void> {
  if (keep.length === 0) return;
  const own = and(eq(hosts.replica, replica), ne(hosts.online, 1), isNull(hosts.revokedAt));
  await tx
    .update(hosts)
    .set({ online: 1 })
    .where(and(own, inArray(hosts.sessionId, [...keep])));
}
