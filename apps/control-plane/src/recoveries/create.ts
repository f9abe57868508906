import { type ErrorCode, isErrorCode, MusterError, newId } from "@muster/core";
import { type CheckFinding, newRun, transition } from "@muster/recovery";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { announceRecovery, claimFor } from "./apply.ts";
import type { RequestedRecovery } from "./choose.ts";
import { failureMoment } from "./failure-moment.ts";
import { type Prepared, prepareRecovery } from "./prepare.ts";
import { insertEffects, insertRecovery } from "./store.ts";

/**
 * Starts a recovery: plans it, takes its targets and begins to check. Gives its id; nothing is touched on any host yet.
 * Throws what `prepareRecovery` throws, the code of what cannot be resolved, and `recovery-active` with the other's id.
 */
export async function createRecovery(cp: ControlPlane, request: RequestedRecovery, by: Actor): Promise<string> {
  const id = newId("rec");
  await cp.db.transaction(async (tx) => {
    const prepared = await prepareRecovery(cp, tx, request);
    refuseProblems(prepared.problems);
    await begin(cp, tx, { id, prepared, request, by });
  });
  announceRecovery(cp, id);
  return id;
}

interface Beginning {
  readonly id: string;
  readonly prepared: Prepared;
  readonly request: RequestedRecovery;
  readonly by: Actor;
}

async function begin(cp: ControlPlane, tx: Tx, { id, prepared, request, by }: Beginning): Promise<void> {
  const now = cp.clock.now();
  const { recovery: plan, hash } = prepared;
  const services = [...new Set(plan.steps.map(({ service }) => service))];
  const failureAt =
    request.failureAt === undefined
      ? await failureMoment(tx, prepared.plan.model, services)
      : Date.parse(request.failureAt);
  const { reason } = request;
  const draft = newRun({ id, plan, hash, createdAt: now, createdBy: by, failureAt: failureAt ?? now, reason });
  const { run, effects } = transition(draft, { type: "check" }, now);
  await claimFor(tx, run, now);
  await insertRecovery(tx, run);
  await insertEffects(tx, id, effects, new Date(now));
  const { planName, planVersion, scenario, mode, target, hosts } = plan;
  const details = { plan: planName, version: planVersion, scenario, mode, target, hosts, services, hash, reason };
  await recordAudit(tx, now, { actor: by, action: "recovery.create", subject: id, details });
}

/** What cannot be resolved is refused at once, under the code of the first problem. */
function refuseProblems(problems: readonly CheckFinding[]): void {
  const [first, ...others] = problems.filter(({ severity }) => severity === "error");
  if (first === undefined) return;
  const code: ErrorCode = isErrorCode(first.code) ? first.code : "checks-failed";
  const more = others.length === 0 ? "" : ` (and ${others.length} more problems)`;
  throw new MusterError(code, `${first.message}${more}`, { hint: first.hint, details: { findings: problems } });
}
