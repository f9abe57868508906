import { hosts, planVersions, probeChanges, probeStates, recoveries, stepHistory } from "@muster/database";
import type { Run } from "@muster/recovery";
import { and, asc, desc, eq, gte, inArray, isNotNull, min, notInArray, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

export type HostRow = typeof hosts.$inferSelect;
export type ProbeRow = typeof probeStates.$inferSelect;
export type ProbeChangeRow = typeof probeChanges.$inferSelect;
export type StepHistoryRow = typeof stepHistory.$inferSelect;

/** A run is over in these states; in every other one it is shown as at work. */
export const endedStates = [
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
  "rolled_back",
] as const;

/** Hosts by name. */
export async function hostsByName(tx: Tx): Promise<Map<string, HostRow>> {
  return new Map((await tx.select().from(hosts)).map((row) => [row.name, row]));
}

/** The last report of every probe; keys are `host/probe`. */
export async function probesByKey(tx: Tx): Promise<Map<string, ProbeRow>> {
  return new Map((await tx.select().from(probeStates)).map((row) => [`${row.host}/${row.probe}`, row]));
}

/** Changes of probes since a moment, oldest first. */
export async function probeChangesSince(tx: Tx, since: Date): Promise<ProbeChangeRow[]> {
  return tx.select().from(probeChanges).where(gte(probeChanges.at, since)).orderBy(asc(probeChanges.at));
}

/** Recoveries that have not ended, newest first. Drafts and checks are not begun, so they are left out. */
export async function activeRuns(tx: Tx): Promise<Run[]> {
  const rows = await tx
    .select({ run: recoveries.run })
    .from(recoveries)
    .where(notInArray(recoveries.state, [...endedStates, "draft"]))
    .orderBy(desc(recoveries.createdAt));
  return rows.map((row) => row.run);
}

/** Real recoveries that began since a moment, newest first; what the public sees as incidents. */
export async function realRunsSince(tx: Tx, since: Date): Promise<Run[]> {
  const rows = await tx
    .select({ run: recoveries.run })
    .from(recoveries)
    .where(and(eq(recoveries.mode, "real"), gte(recoveries.createdAt, since)))
    .orderBy(desc(recoveries.createdAt));
  return rows.map((row) => row.run);
}

/** So many recoveries are looked through for services that moved. */
const mostRuns = 50;

/** Real recoveries that came to a good end, newest first, back to the first that brought something elsewhere; mostly none. */
export async function runsSinceFirstMove(tx: Tx): Promise<Run[]> {
  const good = and(eq(recoveries.mode, "real"), inArray(recoveries.state, ["succeeded", "completed_with_exceptions"]));
  const [first] = await tx
    .select({ at: min(recoveries.createdAt) })
    .from(recoveries)
    .where(and(good, sql`${recoveries.run}->'plan'->'hosts' <> '{}'::jsonb`));
  if (first === undefined || first.at === null) return [];
  const rows = await tx
    .select({ run: recoveries.run })
    .from(recoveries)
    .where(and(good, gte(recoveries.createdAt, first.at)))
    .orderBy(desc(recoveries.createdAt))
    .limit(mostRuns);
  return rows.map((row) => row.run);
}

/** When the newest successful drill of each plan ended. */
export async function lastDrills(tx: Tx): Promise<{ plan: string; finishedAt: Date }[]> {
  const rows = await tx
    .selectDistinctOn([recoveries.planName], { plan: recoveries.planName, finishedAt: recoveries.finishedAt })
    .from(recoveries)
    .where(and(eq(recoveries.mode, "drill"), eq(recoveries.state, "succeeded"), isNotNull(recoveries.finishedAt)))
    .orderBy(recoveries.planName, desc(recoveries.finishedAt));
  return rows.flatMap(({ plan, finishedAt }) => (finishedAt === null ? [] : [{ plan, finishedAt }]));
}

/** Count, sum and buckets of measured steps come from the newest so many rows. */
const historyLimit = 10_000;

export async function recentSteps(tx: Tx): Promise<StepHistoryRow[]> {
  return tx.select().from(stepHistory).orderBy(desc(stepHistory.at)).limit(historyLimit);
}

/** When the plans in force last changed; undefined without one. */
export async function plansChangedAt(tx: Tx): Promise<Date | undefined> {
  const [row] = await tx
    .select({ at: sql<string | Date | null>`max(${planVersions.appliedAt})` })
    .from(planVersions)
    .where(eq(planVersions.current, true));
  return row?.at === null || row === undefined ? undefined : new Date(row.at);
}
