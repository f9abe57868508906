import type { Plan } from "../plan/schema.ts";
import type { StepPlan } from "../run/model.ts";
import { lastOf, type OrderInput, stopSteps, waveSteps } from "./service-steps.ts";

/**
 * The steps of a recovery and their order.
 *
 * First everything selected is fenced and stopped, dependants before what they depend on, so that nobody writes to what is
 * being restored. Then the waves: per service prepare → restore → start → gate → open; every last step of a tier comes before
 * the first step of the next tier, and a service comes after those it depends on. A service that one of an earlier tier depends
 * on (the linter objects to it) comes back with that one.
 */
export function orderSteps(input: OrderInput): StepPlan[] {
  const needs = neededBy(input.plan, input.services);
  const order = dependencyOrder(input.services, needs);
  const stops = allStops(input, order, needs);
  const stopped = lastOf(stops, []);
  const waves: StepPlan[] = [];
  const ends = new Map<string, readonly string[]>();
  for (const name of order) {
    const tier = tierOf(input.plan, name);
    const earlier = [...ends.keys()].filter((other) => tierOf(input.plan, other) < tier || needs.get(name)?.has(other));
    const before = union(earlier.map((other) => ends.get(other) ?? []));
    const steps = waveSteps(input, name, before.length > 0 ? before : stopped);
    ends.set(name, lastOf(steps, before));
    waves.push(...steps);
  }
  return [...stops, ...waves.sort((a, b) => a.tier - b.tier)];
}

function allStops(input: OrderInput, order: readonly string[], needs: Needs): StepPlan[] {
  const steps: StepPlan[] = [];
  const ends = new Map<string, readonly string[]>();
  for (const name of [...order].reverse()) {
    const tier = tierOf(input.plan, name);
    const dependants = [...ends.keys()].filter(
      (other) => tierOf(input.plan, other) > tier || needs.get(other)?.has(name),
    );
    const before = union(dependants.map((other) => ends.get(other) ?? []));
    const own = stopSteps(input, name, before);
    steps.push(...own);
    ends.set(name, lastOf(own, before));
  }
  return steps;
}

/** Per selected service the selected ones that it needs, directly or through ones that are not selected. */
type Needs = ReadonlyMap<string, ReadonlySet<string>>;

function neededBy(plan: Plan, services: readonly string[]): Needs {
  const selected = new Set(services);
  return new Map(
    services.map((name) => {
      const needed = new Set<string>();
      const seen = new Set([name]);
      const open = [...(plan.services[name]?.dependsOn ?? [])];
      for (let other = open.pop(); other !== undefined; other = open.pop()) {
        if (seen.has(other)) continue;
        seen.add(other);
        if (selected.has(other)) needed.add(other);
        else open.push(...(plan.services[other]?.dependsOn ?? []));
      }
      return [name, needed];
    }),
  );
}

/** The order given (by tier), but what is needed comes first. */
function dependencyOrder(services: readonly string[], needs: Needs): string[] {
  const ordered = new Set<string>();
  const entered = new Set<string>();
  const visit = (name: string): void => {
    if (entered.has(name)) return;
    entered.add(name);
    for (const other of needs.get(name) ?? []) visit(other);
    ordered.add(name);
  };
  for (const name of services) visit(name);
  return [...ordered];
}

function tierOf(plan: Plan, name: string): number {
  return plan.services[name]?.tier ?? 1;
}

function union(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
