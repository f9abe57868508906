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
  const waves = arrange(order, {
    isBefore: (other, name) => tierOf(input.plan, other) < tierOf(input.plan, name) || needsIt(needs, name, other),
    stepsOf: (name, before) => waveSteps(input, name, before.length > 0 ? before : stopped),
  });
  return [...stops, ...waves];
}

function allStops(input: OrderInput, order: readonly string[], needs: Needs): StepPlan[] {
  return arrange([...order].reverse(), {
    isBefore: (other, name) => tierOf(input.plan, other) > tierOf(input.plan, name) || needsIt(needs, other, name),
    stepsOf: (name, before) => stopSteps(input, name, before),
  });
}

interface Arrangement {
  /** Whether all steps of `other`, which stands earlier in the order, come before those of `name`. */
  isBefore(other: string, name: string): boolean;
  stepsOf(name: string, before: readonly string[]): readonly StepPlan[];
}

/** The steps of services one after another; each waits for the last steps of those before it, named once and not by detours. */
function arrange(order: readonly string[], { isBefore, stepsOf }: Arrangement): StepPlan[] {
  const steps: StepPlan[] = [];
  const ends = new Map<string, readonly string[]>();
  const preceding = new Map<string, ReadonlySet<string>>();
  for (const name of order) {
    const earlier = [...ends.keys()].filter((other) => isBefore(other, name));
    const implied = new Set(earlier.flatMap((other) => [...(preceding.get(other) ?? [])]));
    const direct = earlier.filter((other) => !implied.has(other));
    const before = [...new Set(direct.flatMap((other) => ends.get(other) ?? []))];
    const own = stepsOf(name, before);
    steps.push(...own);
    ends.set(name, lastOf(own, before));
    preceding.set(name, new Set([...earlier, ...implied]));
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

function needsIt(needs: Needs, name: string, other: string): boolean {
  return needs.get(name)?.has(other) ?? false;
}
