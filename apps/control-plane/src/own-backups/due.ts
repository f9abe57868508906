import { auditRecords } from "@muster/database";
import { and, desc, eq, gt, inArray, like, or } from "drizzle-orm";
import { newestPoints, type PointRow } from "../catalog/points-store.ts";
import { lastEnded } from "../catalog/store.ts";
import type { Tx } from "../context.ts";
import { ownService, ownSource, restoreAct } from "./names.ts";

/** A failed one is tried again after this time, and one after another act of a person not sooner; milliseconds. */
const pause = 60_000;
const quiet = 15_000;

/** What hosts do that the next control plane has to know: which of them are let in, by which certificate. */
const hostActs = ["host.enrol", "host.renew", "host.revoke"];

/**
 * Whether a repository needs a new point of the control plane now: the newest is older than `every` (milliseconds), or somebody has
 * done something since that must not be forgotten: a person's act, or a host that was let in.
 */
export async function isOwnBackupDue(tx: Tx, repository: string, every: number, now: number): Promise<boolean> {
  const key = `${ownService}/${ownSource(repository)}`;
  const last = (await lastEnded(tx)).get(key);
  const lastEnd = last?.finishedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  if (now - lastEnd < (last?.state === "failed" ? pause : quiet)) return false;
  const newest = (await newestPoints(tx)).get(key);
  if (newest === undefined || now - newest.takenAt.getTime() >= every) return true;
  return hasNewActs(tx, newest);
}

/**
 * Acts are looked up by their number, since they commit in its order. A restore from an earlier moment counts by its time: the numbers
 * of the newest point may be those of a trail that was lost.
 */
async function hasNewActs(tx: Tx, { takenAt, facts }: PointRow): Promise<boolean> {
  const acts = or(like(auditRecords.actor, "user:%"), inArray(auditRecords.action, hostActs));
  const restored = and(eq(auditRecords.action, restoreAct), gt(auditRecords.at, takenAt));
  const found = await tx
    .select({ seq: auditRecords.seq })
    .from(auditRecords)
    .where(or(and(gt(auditRecords.seq, Number(facts.auditSeq ?? 0)), acts), restored))
    .limit(1);
  return found.length > 0;
}

/** The number of the newest record of the audit trail. */
export async function lastAuditSeq(tx: Tx): Promise<number> {
  const [last] = await tx.select({ seq: auditRecords.seq }).from(auditRecords).orderBy(desc(auditRecords.seq)).limit(1);
  return last?.seq ?? 0;
}
