import type { Plan } from "../plan/schema.ts";
import type { ResolvedSource, StepPlan, StepWork } from "../run/model.ts";

export interface OrderInput {
  readonly plan: Plan;
  /** In tier order. */
  readonly services: readonly string[];
  readonly onto: Readonly<Record<string, string>>;
  readonly onlineHosts: ReadonlySet<string>;
  /** The work on the sources of a service: restores, or roll backs. */
  readonly sourceWork: ReadonlyMap<string, readonly { readonly source: string; readonly work: StepWork }[]>;
  /** Put before every step id. */
  readonly prefix?: string;
}

/**
 * The steps of a recovery and their order.
 *
 * First everything selected is fenced and stopped, dependants before what they depend on, so that nobody writes to what is
 * being restored. Then the waves: per service prepare → restore → start → gate → open; every last step of a tier comes before
 * the first step of the next tier, and a service comes after those it depends on.
 */
export function orderSteps(input: OrderInput): StepPlan[] {
  const stops = stopSteps(input);
  const waves: StepPlan[] = [];
  const ends = new Map<string, readonly string[]>();
  for (const name of dependencyOrder(input)) {
    const steps = wave(input, name, [...stops.map((step) => step.id), ...before(input, name, ends)]);
    ends.set(name, steps.length > 0 ? lastOf(steps) : before(input, name, ends));
    waves.push(...steps);
  }
  return [...stops, ...waves.sort((a, b) => a.tier - b.tier)];
}

/** The last steps of everything that must be back before this service: lower tiers and dependencies. */
function before(input: OrderInput, name: string, ends: ReadonlyMap<string, readonly string[]>): string[] {
  const service = input.plan.services[name];
  const needed = input.services.filter((other) => {
    const tier = input.plan.services[other]?.tier ?? 1;
    return other !== name && (tier < (service?.tier ?? 1) || service?.dependsOn.includes(other));
  });
  return [...new Set(needed.flatMap((other) => ends.get(other) ?? []))];
}

/** Tier order, and within a tier dependencies first. */
function dependencyOrder(input: OrderInput): string[] {
  const ordered: string[] = [];
  const visit = (name: string): void => {
    if (ordered.includes(name) || !input.services.includes(name)) return;
    for (const other of input.plan.services[name]?.dependsOn ?? []) visit(other);
    ordered.push(name);
  };
  for (const name of input.services) visit(name);
  return ordered;
}

function stopSteps(input: OrderInput): StepPlan[] {
  const steps: StepPlan[] = [];
  const lastStop = new Map<string, readonly string[]>();
  for (const name of dependencyOrder(input).reverse()) {
    const tier = input.plan.services[name]?.tier ?? 1;
    const dependants = [...lastStop.keys()].filter((other) => {
      const definition = input.plan.services[other];
      return (definition?.tier ?? 1) > tier || definition?.dependsOn.includes(name);
    });
    const after = [...new Set(dependants.flatMap((other) => lastStop.get(other) ?? []))];
    const own = stopsOf(input, name, after);
    steps.push(...own);
    lastStop.set(name, own.length > 0 ? lastOf(own) : after);
  }
  return steps;
}

/** On the old host only when it can be reached: a lost host has nothing left to stop. */
function stopsOf(input: OrderInput, name: string, after: readonly string[]): StepPlan[] {
  const service = input.plan.services[name];
  if (service === undefined) return [];
  const target = input.onto[service.host] ?? service.host;
  const hosts =
    target === service.host
      ? [target]
      : [service.host, target].filter((host) => host === target || input.onlineHosts.has(host));
  return hosts.flatMap((host) => {
    const at = host === service.host ? "" : `@${host}`;
    const works = (["fence", "stop"] as const).flatMap((purpose) => {
      const action = service.actions[purpose];
      return action === undefined
        ? []
        : [{ id: `${purpose}${at}`, work: { kind: "action" as const, action, purpose } }];
    });
    return chain({ prefix: input.prefix, service: name, tier: service.tier, phase: "stop", host }, works, after);
  });
}

function wave(input: OrderInput, name: string, after: readonly string[]): StepPlan[] {
  const service = input.plan.services[name];
  if (service === undefined) return [];
  const host = input.onto[service.host] ?? service.host;
  const place = { prefix: input.prefix, service: name, tier: service.tier, host };
  const action = (purpose: "prepare" | "start" | "open") => {
    const named = service.actions[purpose];
    return named === undefined ? [] : [{ id: purpose, work: { kind: "action" as const, action: named, purpose } }];
  };
  const prepare = chain({ ...place, phase: "restore" }, action("prepare"), after);
  const ready = prepare.length > 0 ? lastOf(prepare) : after;
  const restores = (input.sourceWork.get(name) ?? []).flatMap(({ source, work }) =>
    chain({ ...place, phase: "restore" }, [{ id: `${work.kind}/${source}`, work }], ready),
  );
  const restored = restores.length > 0 ? restores.map((step) => step.id) : ready;
  const start = chain({ ...place, phase: "start" }, action("start"), restored);
  const probes = service.gate.probes ?? service.probes;
  const gateWork =
    probes.length > 0 ? [{ id: "gate", work: { kind: "gate" as const, gate: { ...service.gate, probes } } }] : [];
  const gate = chain({ ...place, phase: "gate" }, gateWork, start.length > 0 ? lastOf(start) : restored);
  const passed = gate.length > 0 ? lastOf(gate) : start.length > 0 ? lastOf(start) : restored;
  const open = chain({ ...place, phase: "gate" }, action("open"), passed);
  return [...prepare, ...restores, ...start, ...gate, ...open];
}

type StepPlace = Pick<StepPlan, "service" | "tier" | "phase" | "host"> & { readonly prefix?: string | undefined };

/** Steps one after another. */
function chain(
  place: StepPlace,
  works: readonly { id: string; work: StepWork }[],
  after: readonly string[],
): StepPlan[] {
  let previous = after;
  const { prefix = "", ...rest } = place;
  return works.map(({ id, work }) => {
    const step: StepPlan = { id: `${prefix}${place.service}/${id}`, ...rest, work, after: [...previous] };
    previous = [step.id];
    return step;
  });
}

/** The steps that no other of the list waits for. */
function lastOf(steps: readonly StepPlan[]): string[] {
  const waitedFor = new Set(steps.flatMap((step) => step.after));
  return steps.filter((step) => !waitedFor.has(step.id)).map((step) => step.id);
}

/** The restore work of resolved sources, by service. */
export function restoreWork(sources: readonly ResolvedSource[]): Map<string, { source: string; work: StepWork }[]> {
  const byService = new Map<string, { source: string; work: StepWork }[]>();
  for (const { service, source, sourceType, repository, pointId, takenAt, bytes } of sources) {
    const work: StepWork = {
      kind: "restore",
      source,
      sourceType,
      repository,
      domain: service,
      pointId,
      takenAt,
      bytes,
    };
    byService.set(service, [...(byService.get(service) ?? []), { source, work }]);
  }
  return byService;
}
