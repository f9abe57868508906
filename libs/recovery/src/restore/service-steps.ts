import type { Plan, Service } from "../plan/schema.ts";
import type { ResolvedSource, StepPlan, StepWork } from "../run/model.ts";

export interface OrderInput {
  readonly plan: Plan;
  /** From `selectServices`. */
  readonly services: readonly string[];
  /** Source host → the host that takes its place. */
  readonly onto: Readonly<Record<string, string>>;
  readonly onlineHosts: ReadonlySet<string>;
  readonly sources: readonly ResolvedSource[];
}

/**
 * Fence, then stop, on the host where the service will be restored; when that is another than its own, also on its own, but only if
 * that can be reached: a lost host has nothing left to stop.
 */
export function stopSteps(input: OrderInput, name: string, after: readonly string[]): StepPlan[] {
  const service = input.plan.services[name];
  if (service === undefined) return [];
  const target = input.onto[service.host] ?? service.host;
  const ownToo = target !== service.host && input.onlineHosts.has(service.host);
  const hosts = ownToo ? [service.host, target] : [target];
  return hosts.flatMap((host) => {
    const at = host === service.host ? "" : `@${host}`;
    const place = placeOf(name, service, "stop", host);
    return chain(place, [...actionWork(service, "fence", at), ...actionWork(service, "stop", at)], after);
  });
}

/** Prepare → restore, all sources at once → start → gate → open, as far as the service has them. */
export function waveSteps(input: OrderInput, name: string, after: readonly string[]): StepPlan[] {
  const service = input.plan.services[name];
  if (service === undefined) return [];
  const host = input.onto[service.host] ?? service.host;
  const at = (phase: StepPlan["phase"]) => placeOf(name, service, phase, host);
  const prepare = chain(at("restore"), actionWork(service, "prepare"), after);
  const prepared = lastOf(prepare, after);
  const restores = input.sources
    .filter((resolved) => resolved.service === name)
    .flatMap((resolved) => chain(at("restore"), [restoreWork(resolved)], prepared));
  const start = chain(at("start"), actionWork(service, "start"), lastOf(restores, prepared));
  const started = lastOf(start, lastOf(restores, prepared));
  const gate = chain(at("gate"), gateWork(service), started);
  const open = chain(at("gate"), actionWork(service, "open"), lastOf(gate, started));
  return [...prepare, ...restores, ...start, ...gate, ...open];
}

/** The steps that no other of the list waits for; those before when the list is empty. */
export function lastOf(steps: readonly StepPlan[], before: readonly string[]): readonly string[] {
  const waitedFor = new Set(steps.flatMap((step) => step.after));
  return steps.length === 0 ? before : steps.filter((step) => !waitedFor.has(step.id)).map((step) => step.id);
}

interface NamedWork {
  /** The end of the step's id. */
  readonly id: string;
  readonly work: StepWork;
}

function actionWork(service: Service, purpose: keyof Service["actions"], suffix = ""): NamedWork[] {
  const action = service.actions[purpose];
  return action === undefined ? [] : [{ id: `${purpose}${suffix}`, work: { kind: "action", action, purpose } }];
}

function gateWork(service: Service): NamedWork[] {
  const probes = service.gate.probes ?? service.probes;
  return probes.length === 0 ? [] : [{ id: "gate", work: { kind: "gate", gate: { ...service.gate, probes } } }];
}

/** The domain of a source in the repository is its service. */
function restoreWork(resolved: ResolvedSource): NamedWork {
  const { service, source, sourceType, repository, pointId, takenAt, bytes } = resolved;
  const work: StepWork = { kind: "restore", source, sourceType, repository, domain: service, pointId, takenAt, bytes };
  return { id: `restore/${source}`, work };
}

type StepPlace = Pick<StepPlan, "service" | "tier" | "phase" | "host" | "replaces">;

function placeOf(name: string, service: Service, phase: StepPlan["phase"], host: string): StepPlace {
  const place = { service: name, tier: service.tier, phase, host };
  return host === service.host ? place : { ...place, replaces: service.host };
}

/** Steps one after another. */
function chain(place: StepPlace, works: readonly NamedWork[], after: readonly string[]): StepPlan[] {
  let previous = after;
  return works.map(({ id, work }) => {
    const step: StepPlan = { id: `${place.service}/${id}`, ...place, work, after: previous };
    previous = [step.id];
    return step;
  });
}
