import { applyRetention, type Retention } from "@muster/recovery";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { ownRetention, ownService } from "../own-backups/names.ts";
import { allServices, type FoundService } from "../plans/store.ts";
import { listHolds } from "../sweeps/store.ts";
import { lineages } from "./point-warnings.ts";
import { markExpired, type PointRow, usablePoints } from "./points-store.ts";

/** What retention says of one point, with every reason. */
export interface Decision {
  readonly pointId: string;
  readonly service: string;
  readonly source: string;
  readonly takenAt: Date;
  readonly keep: boolean;
  readonly reasons: readonly string[];
}

/**
 * What retention says now of every usable point, by source. A point of a source that no plan names, or that has no
 * retention, is kept; so is the newest point of every source, and what is held. Damaged points never push a good one out, nor
 * do points of a PostgreSQL cluster that was not expected push out those of the one before.
 */
export async function retentionDecisions(tx: Tx, now: number): Promise<Decision[]> {
  const services = new Map((await allServices(tx)).map((found) => [found.name, found]));
  const bySource = Map.groupBy(await usablePoints(tx), ({ service, source }) => `${service}/${source}`);
  const decisions = [...bySource.values()].flatMap(lineages).flatMap((points) => decide(points, services, now));
  const held = new Map((await listHolds(tx, { all: false })).map((hold) => [hold.pointId, hold]));
  return decisions.map((decision) => {
    const hold = held.get(decision.pointId);
    if (hold === undefined) return decision;
    return { ...decision, keep: true, reasons: [`kept: ${hold.kind} hold: ${hold.reason}`] };
  });
}

function decide(points: readonly PointRow[], services: ReadonlyMap<string, FoundService>, now: number): Decision[] {
  const byId = new Map(points.map((point) => [point.id, point]));
  const { retention, timezone } = rulesOf(points, services);
  const moments = points.map(({ id, takenAt }) => ({ id, takenAt: takenAt.getTime() }));
  return applyRetention(moments, retention, timezone, now).flatMap(({ id, keep, reasons }) => {
    const point = byId.get(id);
    if (point === undefined) return [];
    const only = points.length === 1;
    return [
      {
        pointId: id,
        service: point.service,
        source: point.source,
        takenAt: point.takenAt,
        keep: keep || only,
        reasons: only && !keep ? ["kept: the only point of its source"] : reasons,
      },
    ];
  });
}

function rulesOf(
  [first]: readonly PointRow[],
  services: ReadonlyMap<string, FoundService>,
): { retention: Retention | undefined; timezone: string } {
  if (first?.service === ownService) return { retention: ownRetention, timezone: "UTC" };
  const found = first === undefined ? undefined : services.get(first.service);
  const policy = first === undefined ? undefined : found?.service.sources[first.source]?.policy;
  const retention = policy === undefined ? undefined : found?.plan.model.policies[policy]?.retention;
  return { retention, timezone: found?.plan.model.timezone ?? "UTC" };
}

/** Marks the points that retention does not keep; their data stays in the repository. Returns every decision. */
export async function expirePoints(cp: ControlPlane, by: Actor): Promise<Decision[]> {
  return cp.db.transaction(async (tx) => {
    const now = cp.clock.now();
    const decisions = await retentionDecisions(tx, now);
    const expired = decisions.filter(({ keep }) => !keep);
    for (const { pointId, reasons } of expired) await markExpired(tx, pointId, new Date(now), reasons.join("; "));
    if (expired.length > 0) {
      const points = expired.map(({ pointId }) => pointId);
      await recordAudit(tx, now, {
        actor: by,
        action: "point.expire",
        subject: `${points.length} points`,
        details: { points },
      });
    }
    return decisions;
  });
}
