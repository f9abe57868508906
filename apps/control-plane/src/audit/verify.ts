import { auditRecords, type Database } from "@muster/database";
import { asc, gt } from "drizzle-orm";
import { firstPrevious, recordHash } from "./hash.ts";

export interface AuditVerdict {
  readonly ok: boolean;
  /** Records that were read, up to the broken one. */
  readonly records: number;
  /** The first record that does not fit. */
  readonly brokenAt?: number;
  readonly message: string;
}

type Stored = typeof auditRecords.$inferSelect;
const pageSize = 1000;

/**
 * Recomputes the whole chain. A changed, removed, inserted or reordered record shows; that the newest records were cut
 * off shows only against a hash noted elsewhere, so the verdict names the last one.
 */
export async function verifyAudit(db: Pick<Database, "select">): Promise<AuditVerdict> {
  let records = 0;
  let previous = firstPrevious;
  for (;;) {
    const page = await db
      .select()
      .from(auditRecords)
      .where(gt(auditRecords.seq, records))
      .orderBy(asc(auditRecords.seq))
      .limit(pageSize);
    for (const record of page) {
      records += 1;
      const problem = problemOf(record, records, previous);
      if (problem !== undefined) return { ok: false, records, brokenAt: record.seq, message: problem };
      previous = record.hash;
    }
    if (page.length < pageSize) break;
  }
  return { ok: true, records, message: `${records} records fit together; the last hash is ${previous}` };
}

function problemOf(record: Stored, expectedSeq: number, previous: string): string | undefined {
  if (record.seq !== expectedSeq) return `record ${expectedSeq} is missing`;
  if (record.previous !== previous) return `record ${record.seq} does not follow the record before it`;
  if (record.hash !== recordHash(record)) return `record ${record.seq} was changed after it was written`;
  return undefined;
}
