import { activeTargets, hosts, points, probeStates, recoveries, recoveryEffects, stepHistory } from "@muster/database";
import type { Effect, Run } from "@muster/recovery";
import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, lte, notInArray, or, sql } from "drizzle-orm";
import { restorable } from "../catalog/points-store.ts";
import type { Tx } from "../context.ts";
import { endedStates } from "../status/store.ts";

export type RecoveryRow = typeof recoveries.$inferSelect;
export type EffectRow = typeof recoveryEffects.$inferSelect;
export type HistoryRow = typeof stepHistory.$inferSelect;

export async function insertRecovery(tx: Tx, run: Run): Promise<void> {
  await tx.insert(recoveries).values({
    id: run.id,
    planName: run.plan.planName,
    mode: run.plan.mode,
    state: run.state,
    run,
    revision: 1,
    createdAt: new Date(run.createdAt),
  });
}

export async function recoveryById(tx: Tx, id: string): Promise<RecoveryRow | undefined> {
  return (await tx.select().from(recoveries).where(eq(recoveries.id, id)))[0];
}

/** Reads a recovery and keeps everybody else from changing it until the transaction ends. */
export async function lockRecovery(tx: Tx, id: string): Promise<RecoveryRow | undefined> {
  return (await tx.select().from(recoveries).where(eq(recoveries.id, id)).for("update"))[0];
}

/** Stores the next state of a locked recovery. */
export async function saveRun(tx: Tx, row: RecoveryRow, run: Run): Promise<void> {
  const finishedAt = run.finishedAt === undefined ? null : new Date(run.finishedAt);
  const set = { run, state: run.state, revision: row.revision + 1, finishedAt };
  await tx.update(recoveries).set(set).where(eq(recoveries.id, row.id));
}

export interface RecoveryFilter {
  readonly state?: string | undefined;
  readonly plan?: string | undefined;
  readonly active: boolean;
}

/** Newest first; `cursor` is the id of the last one of the page before (ids sort by time). */
export async function listRecoveries(
  tx: Tx,
  filter: RecoveryFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<RecoveryRow[]> {
  const conditions = [
    filter.state === undefined ? undefined : eq(recoveries.state, filter.state),
    filter.plan === undefined ? undefined : eq(recoveries.planName, filter.plan),
    filter.active ? underWay() : undefined,
    page.cursor === undefined ? undefined : lt(recoveries.id, page.cursor),
  ];
  return tx
    .select()
    .from(recoveries)
    .where(and(...conditions))
    .orderBy(desc(recoveries.id))
    .limit(page.limit);
}

/** Recoveries that were started after this one, newest first (ids sort by time). */
export async function newerRecoveries(tx: Tx, id: string): Promise<RecoveryRow[]> {
  return tx.select().from(recoveries).where(gt(recoveries.id, id)).orderBy(desc(recoveries.id));
}

/** Recoveries with work in hand or to come, those that accept or roll back among them. */
export async function activeRecoveries(tx: Tx): Promise<RecoveryRow[]> {
  return tx.select().from(recoveries).where(underWay()).orderBy(asc(recoveries.id));
}

function underWay() {
  const finishing = sql`${recoveries.run}->>'aside' in ('accepting', 'rolling_back')`;
  return or(notInArray(recoveries.state, [...endedStates]), finishing);
}

export async function insertEffects(tx: Tx, recoveryId: string, effects: readonly Effect[], now: Date): Promise<void> {
  for (const effect of effects) {
    const notBefore = effect.type === "dispatch" && effect.notBefore !== undefined ? new Date(effect.notBefore) : null;
    await tx.insert(recoveryEffects).values({ recoveryId, effect: { ...effect }, notBefore, createdAt: now });
  }
}

/** Effects that are still to be carried out and whose time has come, in the order in which they arose. */
export async function dueEffects(tx: Tx, now: Date): Promise<EffectRow[]> {
  const due = or(isNull(recoveryEffects.notBefore), lte(recoveryEffects.notBefore, now));
  return tx
    .select()
    .from(recoveryEffects)
    .where(and(isNull(recoveryEffects.doneAt), due))
    .orderBy(asc(recoveryEffects.seq));
}

/** The effects of one recovery that are still to be carried out, due or not. */
export async function openEffects(tx: Tx, recoveryId: string): Promise<EffectRow[]> {
  return tx
    .select()
    .from(recoveryEffects)
    .where(and(isNull(recoveryEffects.doneAt), eq(recoveryEffects.recoveryId, recoveryId)))
    .orderBy(asc(recoveryEffects.seq));
}

export async function markEffectDone(tx: Tx, seq: number, at: Date): Promise<void> {
  await tx.update(recoveryEffects).set({ doneAt: at }).where(eq(recoveryEffects.seq, seq));
}

/** Takes targets for a recovery. Gives those that it could not have, with whose they are; one's own are no conflict. */
export async function claimTargets(
  tx: Tx,
  recoveryId: string,
  targets: readonly string[],
  since: Date,
): Promise<{ target: string; recoveryId: string }[]> {
  // One order for all, so that two claimers wait for each other instead of locking each other out.
  const wanted = [...new Set(targets)].sort();
  for (const target of wanted)
    await tx.insert(activeTargets).values({ target, recoveryId, since }).onConflictDoNothing();
  if (wanted.length === 0) return [];
  const rows = await tx.select().from(activeTargets).where(inArray(activeTargets.target, wanted));
  return rows.filter((row) => row.recoveryId !== recoveryId);
}

export async function releaseTargets(tx: Tx, recoveryId: string): Promise<void> {
  await tx.delete(activeTargets).where(eq(activeTargets.recoveryId, recoveryId));
}

export async function insertHistory(tx: Tx, row: HistoryRow): Promise<void> {
  await tx.insert(stepHistory).values(row).onConflictDoNothing();
}

/** Measured steps of these services since a moment, newest first. */
export async function historyOf(tx: Tx, services: readonly string[], since: Date): Promise<HistoryRow[]> {
  if (services.length === 0) return [];
  return tx
    .select()
    .from(stepHistory)
    .where(and(inArray(stepHistory.service, [...services]), gte(stepHistory.at, since)))
    .orderBy(desc(stepHistory.at), desc(stepHistory.id));
}

/** All points of these services, also expired and damaged ones: a refusal tells of them. */
export async function pointsOfServices(tx: Tx, services: readonly string[]) {
  if (services.length === 0) return [];
  return tx
    .select(pointColumns)
    .from(points)
    .where(inArray(points.service, [...services]));
}

/** Facts may be large and are not needed to choose. */
const pointColumns = {
  id: points.id,
  service: points.service,
  source: points.source,
  sourceType: points.sourceType,
  repository: points.repository,
  host: points.host,
  takenAt: points.takenAt,
  logicalBytes: points.logicalBytes,
  expiredAt: points.expiredAt,
  warnings: sql<unknown>`${points.facts}->'warnings'`,
  damaged: sql<boolean>`not ${restorable}`,
};

/** Probes that fail now, with since when. */
export async function failingProbes(tx: Tx): Promise<{ host: string; probe: string; since: Date }[]> {
  const { host, probe, since } = probeStates;
  return tx.select({ host, probe, since }).from(probeStates).where(eq(probeStates.state, "failing"));
}

/** Hosts by name, with what they said of themselves last. */
export async function hostRows(tx: Tx, names: readonly string[]): Promise<Map<string, typeof hosts.$inferSelect>> {
  if (names.length === 0) return new Map();
  const rows = await tx
    .select()
    .from(hosts)
    .where(inArray(hosts.name, [...names]));
  return new Map(rows.map((row) => [row.name, row]));
}
