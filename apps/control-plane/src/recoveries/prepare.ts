import { createHash } from "node:crypto";
import {
  type CatalogPoint,
  type CheckFinding,
  canonicalJson,
  planRecovery,
  type RecoveryPlan,
  resolveSources,
} from "@muster/recovery";
import { pointWarnings } from "../catalog/point-warnings.ts";
import type { ControlPlane, Tx } from "../context.ts";
import { currentPlans, type StoredPlan } from "../plans/store.ts";
import { type Choice, chooseServices, type RequestedRecovery } from "./choose.ts";
import { measuredHistory } from "./history.ts";
import { pointsOfServices } from "./store.ts";

/** A recovery as it would be carried out now. */
export interface Prepared {
  readonly plan: StoredPlan;
  readonly recovery: RecoveryPlan;
  /** SHA-256 of the canonical recovery plan. */
  readonly hash: string;
  /** What cannot be resolved. */
  readonly problems: readonly CheckFinding[];
}

/** Select → resolve → plan, from what the database knows; touches nothing. Throws what `chooseServices` throws. */
export async function prepareRecovery(
  cp: Pick<ControlPlane, "clock" | "commands">,
  tx: Tx,
  request: RequestedRecovery,
): Promise<Prepared> {
  const now = cp.clock.now();
  const choice = chooseServices(await currentPlans(tx), request);
  const { plan, services, onto } = choice;
  const target = request.target === "latest" ? "latest" : Date.parse(request.target);
  const points = (await pointsOfServices(tx, services)).map(catalogPoint);
  const resolved = resolveSources({ plan: plan.model, services, points, target, now, onto });
  const recovery = planRecovery({
    plan: plan.model,
    planVersion: plan.version,
    planHash: plan.hash,
    scenario: request.scenario,
    selection: choice.selection,
    services,
    mode: request.mode,
    target,
    onto,
    resolved,
    onlineHosts: onlineHosts(cp, choice),
    history: await measuredHistory(tx, services, now),
    allowNewTarget: request.allowNewTarget,
    deadline: request.deadlineMs,
  });
  const problems = request.mode === "drill" ? [...resolved.problems, noDrills] : resolved.problems;
  return { plan, recovery, hash: hashOf(recovery), problems };
}

/** A drill that did not isolate its targets would be a real recovery under another name. */
const noDrills: CheckFinding = {
  severity: "error",
  code: "drill-unsupported",
  subject: "mode",
  message: "agents of this version cannot restore into isolated targets, so there are no drills yet",
  hint: "Use a preview with checks to see whether a recovery would succeed.",
};

/** What an approval of a recovery is bound to. */
export function hashOf(recovery: RecoveryPlan): string {
  return createHash("sha256").update(canonicalJson(recovery)).digest("hex");
}

export function catalogPoint({
  takenAt,
  expiredAt,
  warnings,
  ...row
}: Awaited<ReturnType<typeof pointsOfServices>>[number]): CatalogPoint {
  const doubts = warnings === null ? [] : pointWarnings({ facts: { warnings } });
  return { ...row, warnings: doubts, takenAt: takenAt.getTime(), expired: expiredAt !== null };
}

function onlineHosts({ commands }: Pick<ControlPlane, "commands">, { plan, services, onto }: Choice): Set<string> {
  const homes = services.flatMap((service) => plan.model.services[service]?.host ?? []);
  return new Set([...homes, ...Object.values(onto)].filter((host) => commands.isOnline(host)));
}
