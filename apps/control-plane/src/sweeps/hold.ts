import { MusterError, newId } from "@muster/core";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane } from "../context.ts";
import { type HoldRow, insertHold, lockPoint, releaseHolds, unexpire } from "./store.ts";

/**
 * Keeps a point until the hold is released, whatever retention says; one that has expired can be restored again. Throws
 * `point-missing`, and `conflict` when its deletion is decided.
 */
export async function holdPoint(
  cp: ControlPlane,
  pointId: string,
  { kind, reason }: { kind: HoldRow["kind"]; reason: string },
  by: Actor,
): Promise<HoldRow> {
  return cp.db.transaction(async (tx) => {
    const point = await lockPoint(tx, pointId);
    if (point === undefined) throw new MusterError("point-missing", `the catalog has no point ${pointId}`);
    if (point.deletingAt !== null) {
      throw new MusterError("conflict", `the point ${pointId} cannot be held: its deletion was decided`, {
        details: { deletingAt: point.deletingAt.toISOString() },
      });
    }
    const now = cp.clock.now();
    const hold = { id: newId("hold"), pointId, kind, reason, placedBy: by, placedAt: new Date(now) };
    const placed = await insertHold(tx, hold);
    if (point.expiredAt !== null) await unexpire(tx, pointId);
    await recordAudit(tx, now, { actor: by, action: "point.hold", subject: pointId, details: { kind, reason } });
    return placed;
  });
}

/** Releases every hold on a point: from then on retention decides about it. Throws `not-found` when it has none. */
export async function releasePoint(cp: ControlPlane, pointId: string, by: Actor): Promise<HoldRow[]> {
  return cp.db.transaction(async (tx) => {
    const now = cp.clock.now();
    const released = await releaseHolds(tx, pointId, { releasedBy: by, releasedAt: new Date(now) });
    if (released.length === 0) throw new MusterError("not-found", `the point ${pointId} is not held`);
    const details = { holds: released.map(({ id }) => id) };
    await recordAudit(tx, now, { actor: by, action: "point.release", subject: pointId, details });
    return released;
  });
}
