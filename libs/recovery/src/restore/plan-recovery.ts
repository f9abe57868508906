import { objectivesFor } from "../plan/objectives.ts";
import type { Plan, Selection } from "../plan/schema.ts";
import type { RecoveryPlan } from "../run/model.ts";
import { criticalPath, forecastOf, type History } from "./forecast.ts";
import { orderSteps } from "./order.ts";
import type { Resolution } from "./resolve.ts";

export interface PlanRecoveryInput {
  readonly plan: Plan;
  readonly planVersion: number;
  readonly planHash: string;
  readonly scenario?: string | undefined;
  readonly selection: Selection;
  /** From `selectServices`. */
  readonly services: readonly string[];
  readonly mode: "real" | "drill";
  readonly target: "latest" | number;
  readonly onto: Readonly<Record<string, string>>;
  readonly resolved: Pick<Resolution, "sources" | "spread">;
  readonly onlineHosts: ReadonlySet<string>;
  readonly history: History;
  readonly allowNewTarget?: boolean | undefined;
  /** Milliseconds; instead of the scenario's. */
  readonly deadline?: number | undefined;
}

/** The whole recovery as a value: what the preview shows, what the approval is bound to, what the engine carries out. */
export function planRecovery(input: PlanRecoveryInput): RecoveryPlan {
  const { plan, services, onto, onlineHosts, resolved } = input;
  const ordered = orderSteps({ plan, services, onto, onlineHosts, sources: resolved.sources });
  const steps = ordered.map((step) => ({ ...step, forecast: forecastOf(step, input.history) }));
  const { path, forecast } = criticalPath(steps);
  return {
    planName: plan.name,
    planVersion: input.planVersion,
    planHash: input.planHash,
    scenario: input.scenario,
    selection: input.selection,
    mode: input.mode,
    target: input.target,
    hosts: onto,
    needsApproval: input.scenario !== undefined && (plan.scenarios[input.scenario]?.approve ?? false),
    ...(input.allowNewTarget === true ? { allowNewTarget: true } : {}),
    stepsPerHost: plan.limits.stepsPerHost,
    ...deadlineOf(input),
    objectives: strictest(plan, services, input.scenario),
    steps,
    sources: resolved.sources,
    spread: resolved.spread,
    criticalPath: path,
    forecast,
  };
}

function deadlineOf({ plan, scenario, deadline }: PlanRecoveryInput): Pick<RecoveryPlan, "deadline"> {
  const allowed = deadline ?? (scenario === undefined ? undefined : plan.scenarios[scenario]?.deadline);
  return allowed === undefined ? {} : { deadline: allowed };
}

/** The whole is back when the last service is: the loosest RTO of its services bounds it, or the scenario's; the strictest RPO counts. */
function strictest(plan: Plan, services: readonly string[], scenario: string | undefined): RecoveryPlan["objectives"] {
  const all = services.map((service) => objectivesFor(plan, service, scenario));
  const rtos = all.flatMap(({ rto }) => (rto === undefined ? [] : [rto]));
  const rpos = all.flatMap(({ rpo }) => (rpo === undefined ? [] : [rpo]));
  return {
    rto: rtos.length === 0 ? undefined : Math.max(...rtos),
    rpo: rpos.length === 0 ? undefined : Math.min(...rpos),
  };
}
