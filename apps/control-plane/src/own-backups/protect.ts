import { deadline, errorValue, newId } from "@muster/core";
import type { PointSummary } from "@muster/repository";
import { announceBackup } from "../catalog/create-backup.ts";
import { insertPoints } from "../catalog/points-store.ts";
import { insertBackup, markEnded, markSucceeded } from "../catalog/store.ts";
import type { ControlPlane } from "../context.ts";
import { ownHost, ownService, ownSource } from "./names.ts";
import { writeOwnPoint } from "./write-point.ts";

/** One may take this long, in milliseconds; one that a killed process has left is given up then, and the next is made. */
const patience = 10 * 60_000;

/**
 * Backs the control plane's own database up into a repository, and lists the point. It is a backup like the others: of several replicas
 * one makes it, and what goes wrong stands there. False when another one is at it.
 */
export async function protectOwnData(cp: ControlPlane, repository: string, signal: AbortSignal): Promise<boolean> {
  const now = new Date(cp.clock.now());
  const row = await insertBackup(cp.db, {
    ...{ id: newId("bak"), service: ownService, source: ownSource(repository), host: ownHost, repository },
    ...{ trigger: "schedule", state: "running", requestedBy: "system", timeoutMs: patience },
    ...{ createdAt: now, startedAt: now },
  });
  if (row === undefined) return false;
  try {
    const point = await writeOwnPoint(cp, repository, deadline(patience, signal));
    await cp.db.transaction(async (tx) => {
      await insertPoints(tx, [pointRowOf(point, repository)]);
      const [startedAt, finishedAt] = [new Date(point.startedAt), new Date(point.finishedAt)];
      await markSucceeded(tx, row.id, { pointId: point.id, startedAt, finishedAt });
    });
    announceBackup(cp, row, { state: "succeeded", pointId: point.id });
  } catch (thrown) {
    const error = errorValue(thrown);
    await markEnded(cp.db, row.id, { state: "failed", finishedAt: new Date(cp.clock.now()), error });
    announceBackup(cp, row, { state: "failed", error });
    cp.log.error({ err: thrown, repository }, "the control plane's own database could not be backed up");
  }
  return true;
}

function pointRowOf({ kind, domain, ...point }: PointSummary, repository: string) {
  const [startedAt, takenAt, finishedAt] = [point.startedAt, point.takenAt, point.finishedAt].map((at) => new Date(at));
  return {
    ...point,
    ...{ service: domain, sourceType: kind, repository, facts: { ...point.facts } },
    ...{ startedAt: startedAt as Date, takenAt: takenAt as Date, finishedAt: finishedAt as Date }, // three in, three out
  };
}
