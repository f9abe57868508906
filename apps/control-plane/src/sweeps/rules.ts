import type { SweepRules } from "@muster/repository";
import { recordAudit } from "../audit/record.ts";
import type { ControlPlane, Tx } from "../context.ts";
import { activeRecoveries } from "../recoveries/store.ts";
import { expiredPoints, removePoints, startDeleting } from "./store.ts";

/**
 * What the catalog says about deletion: a point goes when retention gave it up, nothing holds it, and no recovery that is under
 * way uses it. A point that the catalog does not know stays.
 */
export function sweepRules(cp: ControlPlane, repository: string): SweepRules {
  return {
    async expired(service) {
      const used = await usedPoints(cp.db);
      const expired = await expiredPoints(cp.db, repository, service);
      return new Map(
        expired.filter(({ id }) => !used(id)).map(({ id, reason }) => [id, reason ?? "retention does not keep it"]),
      );
    },
    release: (_service, ids) =>
      cp.db.transaction(async (tx) => {
        const used = await usedPoints(tx);
        const free = ids.filter((id) => !used(id));
        return new Set(await startDeleting(tx, free, new Date(cp.clock.now())));
      }),
    async deleted(service, ids) {
      await cp.db.transaction(async (tx) => {
        const points = await removePoints(tx, repository, ids);
        if (points.length === 0) return;
        const details = { repository, points };
        await recordAudit(tx, cp.clock.now(), { actor: "system", action: "point.delete", subject: service, details });
      });
    },
  };
}

/** Whether a recovery with work in hand or to come names the point, wherever in its state. */
async function usedPoints(tx: Tx): Promise<(id: string) => boolean> {
  const runs = (await activeRecoveries(tx)).map(({ run }) => JSON.stringify(run));
  return (id) => runs.some((run) => run.includes(id));
}
