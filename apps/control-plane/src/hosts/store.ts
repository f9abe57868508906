import { enrolmentTokens, hosts } from "@muster/database";
import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

export type HostRow = typeof hosts.$inferSelect;

export async function findHost(tx: Tx, name: string): Promise<HostRow | undefined> {
  return (await tx.select().from(hosts).where(eq(hosts.name, name)))[0];
}

export async function listHosts(tx: Tx): Promise<HostRow[]> {
  return tx.select().from(hosts).orderBy(asc(hosts.name));
}

/** The host with this certificate, as its live one or the one before it. */
export async function hostOfCertificate(tx: Tx, fingerprint: string): Promise<HostRow | undefined> {
  const either = sql`${fingerprint} in (${hosts.certificateFingerprint}, ${hosts.previousFingerprint})`;
  return (await tx.select().from(hosts).where(either))[0];
}

export interface NewHost {
  readonly id: string;
  readonly name: string;
  readonly certificateFingerprint: string;
  readonly certificateExpiresAt: Date;
  readonly enrolledAt: Date;
  readonly agentVersion: string;
}

/** Enrols a host, or enrols it anew: earlier certificates and a revocation are void from here on. */
export async function upsertHost(tx: Tx, host: NewHost): Promise<HostRow | undefined> {
  const { id: _kept, name: _key, ...fresh } = host;
  const set = { ...fresh, previousFingerprint: null, revokedAt: null };
  return (await tx.insert(hosts).values(host).onConflictDoUpdate({ target: hosts.name, set }).returning())[0];
}

export async function updateHost(tx: Tx, name: string, set: Partial<HostRow>): Promise<void> {
  await tx.update(hosts).set(set).where(eq(hosts.name, name));
}

/** Revokes a host; false when there is none that is not revoked. */
export async function markRevoked(tx: Tx, name: string, at: Date): Promise<boolean> {
  const set = { revokedAt: at, certificateFingerprint: null, previousFingerprint: null, online: 0 };
  const rows = await tx
    .update(hosts)
    .set(set)
    .where(and(eq(hosts.name, name), isNull(hosts.revokedAt)))
    .returning({ id: hosts.id });
  return rows.length > 0;
}

/** No session outlives the process that held it. */
export async function markAllOffline(tx: Tx): Promise<void> {
  await tx.update(hosts).set({ online: 0 }).where(eq(hosts.online, 1));
}

export async function insertEnrolmentToken(tx: Tx, row: typeof enrolmentTokens.$inferInsert): Promise<void> {
  await tx.insert(enrolmentTokens).values(row);
}

/** Uses up a token; undefined when it is not known or was used already. */
export async function useEnrolmentToken(tx: Tx, hash: string, at: Date) {
  const unused = and(eq(enrolmentTokens.hash, hash), isNull(enrolmentTokens.usedAt));
  return (await tx.update(enrolmentTokens).set({ usedAt: at }).where(unused).returning())[0];
}
