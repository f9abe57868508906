import { auditRecords } from "@muster/database";
import { desc, sql } from "drizzle-orm";
import type { Actor, Tx } from "../context.ts";
import { firstPrevious, recordHash } from "./hash.ts";

export interface AuditEntry {
  readonly actor: Actor;
  /** noun.verb: `plan.apply`, `recovery.approve`, `host.enrol`, `key.grant`. */
  readonly action: string;
  readonly subject: string;
  /** Plain JSON values; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Number of the advisory lock that keeps concurrent writers from forking the chain; held to the end of the transaction. */
const auditLock = 0x6d757374;

/**
 * Appends to the audit trail inside the transaction of the act; `at` in milliseconds since the epoch.
 * Call it as the last statement of the transaction: its lock makes other audited acts wait until the commit.
 */
export async function recordAudit(tx: Tx, at: number, entry: AuditEntry): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${auditLock})`);
  const [last] = await tx.select().from(auditRecords).orderBy(desc(auditRecords.seq)).limit(1);
  const record = {
    seq: (last?.seq ?? 0) + 1,
    at: new Date(at),
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    // As the database will give it back, so that the hash can be computed again from what is stored.
    details: JSON.parse(JSON.stringify(entry.details ?? {})) as Record<string, unknown>,
    previous: last?.hash ?? firstPrevious,
  };
  await tx.insert(auditRecords).values({ ...record, hash: recordHash(record) });
}
