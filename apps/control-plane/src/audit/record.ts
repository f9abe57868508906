import type { Actor, Tx } from "../context.ts";

export interface AuditEntry {
  readonly actor: Actor;
  /** noun.verb: `plan.apply`, `recovery.approve`, `host.enrol`, `key.grant`. */
  readonly action: string;
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Appends to the audit trail inside the transaction of the act. Foundation helper fills this in; the signature stands. */
export type RecordAudit = (tx: Tx, at: number, entry: AuditEntry) => Promise<void>;
