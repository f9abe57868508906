import { MusterError } from "@muster/core";
import type { ApiFinding, ApiPlanApplied } from "@muster/protocol";
import { diffPlans, type Plan } from "@muster/recovery";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { syncSchedules } from "../schedules/sync.ts";
import { type CheckedPlan, checkPlan, type PlanFile } from "./check.ts";
import { currentPlan, insertPlanVersion, lockPlans, planHistory, type StoredPlan } from "./store.ts";

export interface ApplyRequest {
  readonly files: readonly PlanFile[];
  /** Reason for applying in spite of errors that the linter's rules found. */
  readonly force?: string | undefined;
  /** Only says what would change. */
  readonly dryRun: boolean;
}

/**
 * Puts a plan in force as the next version and brings the schedules in line, in one transaction. The plan that is in
 * force already answers `applied: false`. Throws `plan-invalid` with the findings for errors that are not forced.
 */
export async function applyPlan(cp: ControlPlane, request: ApplyRequest, by: Actor): Promise<ApiPlanApplied> {
  const answer = await cp.db.transaction(async (tx) => {
    await lockPlans(tx);
    const checked = await checkPlan(tx, request.files, cp.config.repositories);
    const plan = refuseErrors(checked, request);
    const before = await currentPlan(tx, plan.name);
    if (before !== undefined && before.hash === checked.hash)
      return describe(before, false, before.model, checked.findings);
    const next = await nextVersion(cp, tx, request, { plan, hash: checked.hash ?? "", by });
    if (!request.dryRun) await putInForce(cp, tx, next, request, by);
    return describe(next, !request.dryRun, before?.model, checked.findings);
  });
  if (!answer.applied) return answer;
  cp.sessions.sendSchedule();
  cp.events.publish({ type: "plan", subject: answer.name, data: { version: answer.version } });
  return answer;
}

function refuseErrors(checked: CheckedPlan, { force, dryRun }: ApplyRequest): Plan {
  const errors = checked.findings.filter((finding) => finding.severity === "error");
  const refused =
    checked.plan === undefined || checked.unusable || (errors.length > 0 && force === undefined && !dryRun);
  if (checked.plan !== undefined && !refused) return checked.plan;
  const first = errors[0]?.message ?? "it cannot be read";
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  throw new MusterError("plan-invalid", `the plan has errors: ${first}${more}`, {
    details: { findings: checked.findings },
  });
}

async function nextVersion(
  cp: ControlPlane,
  tx: Tx,
  request: ApplyRequest,
  { plan, hash, by }: { plan: Plan; hash: string; by: Actor },
): Promise<StoredPlan> {
  const newest = (await planHistory(tx, plan.name))[0];
  return {
    name: plan.name,
    version: (newest?.version ?? 0) + 1,
    hash,
    files: request.files.map(({ name, text }) => ({ name, text })),
    model: plan,
    appliedAt: new Date(cp.clock.now()),
    appliedBy: by,
    current: true,
  };
}

async function putInForce(
  cp: ControlPlane,
  tx: Tx,
  plan: StoredPlan,
  { force }: ApplyRequest,
  by: Actor,
): Promise<void> {
  await insertPlanVersion(tx, { ...plan, forcedReason: force ?? null });
  await syncSchedules(tx, cp.clock.now());
  await recordAudit(tx, cp.clock.now(), {
    actor: by,
    action: "plan.apply",
    subject: plan.name,
    details: { version: plan.version, hash: plan.hash, ...(force === undefined ? {} : { forced: force }) },
  });
}

function describe(
  plan: StoredPlan,
  applied: boolean,
  before: Plan | undefined,
  findings: ApiFinding[],
): ApiPlanApplied {
  const { name, version, hash, appliedAt, appliedBy } = plan;
  const changes = [...diffPlans(before, plan.model)];
  return { name, version, hash, appliedAt: appliedAt.toISOString(), appliedBy, applied, changes, findings };
}
