import { mayLieAside } from "./advance.ts";
import { asideIdOf } from "./create.ts";
import type { Run, StepPlan, StepWork } from "./model.ts";
import { stepRun } from "./steps.ts";

export type RestoreStep = StepPlan & { readonly work: Extract<StepWork, { kind: "restore" }> };

/** The restores that may have moved something aside. */
export function restoresAside(run: Run): RestoreStep[] {
  return run.plan.steps.filter(
    (step): step is RestoreStep => step.work.kind === "restore" && mayLieAside(run, step.id),
  );
}

export function asideWork(run: Run, source: string, verb: "accept" | "roll_back"): StepWork {
  return { kind: "aside", verb, source, asideId: asideIdOf(run.id, source) };
}

/**
 * The steps that lead back to how things were, in the order of the recovery: everything concerned stops, then by tiers each
 * service is prepared, what lay aside is put back, and it starts and passes its gate. Made from the steps of the plan that the
 * run is pinned to, so a plan that changed since does not change the way back.
 *
 * Concerned are the services that are put back, those that came after them (they may depend on them), and those that the run
 * stopped and did not start again. A service that was brought onto another host is put back there, and does not start there: it
 * starts on its own host, if the run has stopped it on that.
 */
export function wayBack(run: Run): StepPlan[] {
  const put = new Map(restoresAside(run).map((step) => [step.id, asideWork(run, step.work.source, "roll_back")]));
  const restored = new Set(restoresAside(run).map((step) => step.service));
  const concerned = new Set([...restored, ...dependants(run, restored), ...leftDown(run)]);
  const dropped = new Map<string, readonly string[]>();
  const kept: StepPlan[] = [];
  for (const step of run.plan.steps) {
    const host = concerned.has(step.service) && isNeeded(step, put, restored) ? hostOnTheWayBack(run, step) : undefined;
    if (host === undefined) dropped.set(step.id, step.after);
    else kept.push({ ...step, host, work: put.get(step.id) ?? step.work, forecast: undefined });
  }
  return kept.map((step) => ({
    ...step,
    id: `rollback/${step.id}`,
    after: [...through(step.after, dropped)].map((id) => `rollback/${id}`),
  }));
}

/** Restores that moved nothing are left out, and no service is emptied (`prepare`) for which nothing is put back. */
function isNeeded(step: StepPlan, put: ReadonlyMap<string, StepWork>, restored: ReadonlySet<string>): boolean {
  if (step.work.kind === "restore") return put.has(step.id);
  return step.work.kind !== "action" || step.work.purpose !== "prepare" || restored.has(step.service);
}

/** Undefined when the step has no place on the way back. */
function hostOnTheWayBack(run: Run, step: StepPlan): string | undefined {
  const old = run.plan.steps.find((other) => other.service === step.service && other.replaces !== undefined)?.replaces;
  if (old === undefined) return step.host;
  if (step.phase === "stop") return step.host === old ? undefined : step.host;
  if (step.phase === "restore") return step.host;
  const stopped = run.plan.steps.some(
    (other) =>
      other.service === step.service &&
      other.phase === "stop" &&
      other.host === old &&
      stepRun(run, other.id).attempt > 0,
  );
  return stopped ? old : undefined;
}

/** Services whose steps come after a step of the waves of these. */
function dependants(run: Run, services: ReadonlySet<string>): Set<string> {
  const reached = new Set<string>();
  const found = new Set<string>();
  let before = -1;
  while (reached.size > before) {
    before = reached.size;
    for (const step of run.plan.steps) {
      if (step.phase === "stop" || reached.has(step.id)) continue;
      if (!services.has(step.service) && !step.after.some((id) => reached.has(id))) continue;
      reached.add(step.id);
      found.add(step.service);
    }
  }
  return found;
}

/** Services that the run began to stop, and that have something to start which did not. */
export function leftDown(run: Run): string[] {
  const stopped = new Set<string>();
  for (const step of run.plan.steps)
    if (step.phase === "stop" && stepRun(run, step.id).attempt > 0) stopped.add(step.service);
  return [...stopped].filter((service) =>
    run.plan.steps.some(
      (step) => step.service === service && step.phase === "start" && stepRun(run, step.id).state !== "succeeded",
    ),
  );
}

/** What comes after a step that is left out comes after what that one came after. */
function through(ids: readonly string[], dropped: ReadonlyMap<string, readonly string[]>): Set<string> {
  const kept = new Set<string>();
  const seen = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const before = dropped.get(id);
    if (before === undefined) kept.add(id);
    else if (!seen.has(id)) open.push(...before);
    seen.add(id);
  }
  return kept;
}
