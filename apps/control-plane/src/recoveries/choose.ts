import { MusterError } from "@muster/core";
import type { recoveryRequestSchema } from "@muster/protocol";
import { type Selection, selectServices } from "@muster/recovery";
import type { z } from "zod";
import type { StoredPlan } from "../plans/store.ts";

/** A recovery request after its defaults are filled in. */
export type RequestedRecovery = z.output<typeof recoveryRequestSchema>;

/** What a request comes to in one plan. */
export interface Choice {
  readonly plan: StoredPlan;
  readonly selection: Selection;
  readonly services: readonly string[];
  /** Source host → the host that takes its place. */
  readonly onto: Readonly<Record<string, string>>;
}

/**
 * Finds the plan, and in it the services, that a request means. A scenario says itself what to restore; without one the request's
 * lists do, and empty ones mean everything. Throws `plan-not-applied`, `not-found`, `selection-empty`, `request-invalid`.
 */
export function chooseServices(plans: readonly StoredPlan[], request: RequestedRecovery): Choice {
  const { services, tiers, hosts } = request;
  const named = services.length + tiers.length + hosts.length > 0;
  if (request.scenario !== undefined && named) {
    throw new MusterError("request-invalid", `the scenario ${request.scenario} says itself what to restore`, {
      hint: "Name either a scenario, or services, tiers and hosts.",
    });
  }
  const plan = choosePlan(plans, request);
  const scenario = request.scenario === undefined ? undefined : plan.model.scenarios[request.scenario];
  refuseUnknown(plan, request);
  const selection = scenario?.restore ?? selectionOf(request);
  const selected = selectServices(plan.model, selection);
  if (selected.length === 0)
    throw new MusterError("selection-empty", `the selection names no service of the plan ${plan.name}`);
  const onto = { ...scenario?.hosts, ...request.onto };
  refuseUselessMoves(plan, selected, request.onto);
  return { plan, selection, services: selected, onto };
}

function selectionOf({ services, tiers, hosts }: RequestedRecovery): Selection {
  return {
    ...(services.length > 0 ? { services } : {}),
    ...(tiers.length > 0 ? { tiers } : {}),
    ...(hosts.length > 0 ? { hosts } : {}),
  };
}

function choosePlan(plans: readonly StoredPlan[], { scenario, services }: RequestedRecovery): StoredPlan {
  const names = plans.map(({ name }) => name).join(", ");
  const fitting = plans.filter(
    ({ model }) =>
      (scenario === undefined || Object.hasOwn(model.scenarios, scenario)) &&
      services.every((service) => Object.hasOwn(model.services, service)),
  );
  const [plan] = fitting;
  if (plan !== undefined && fitting.length === 1) return plan;
  if (plans.length === 0)
    throw new MusterError("plan-not-applied", "no plan is in force, so there is nothing to recover");
  if (plan === undefined) throw nothingFits(plans, scenario, services);
  throw new MusterError("request-invalid", `several plans are in force (${names}), and the request fits each of them`, {
    hint: "Name services or a scenario of one plan.",
  });
}

function nothingFits(plans: readonly StoredPlan[], scenario: string | undefined, services: readonly string[]) {
  const scenarios = plans.flatMap(({ model }) => Object.keys(model.scenarios));
  if (scenario !== undefined && !scenarios.includes(scenario)) {
    return new MusterError("not-found", `no plan in force has a scenario ${scenario}`, {
      hint: `Known scenarios: ${scenarios.join(", ") || "none"}.`,
    });
  }
  const known = plans.flatMap(({ model }) => Object.keys(model.services));
  const unknown = services.filter((service) => !known.includes(service));
  if (unknown.length === 0)
    return new MusterError("request-invalid", "the services named belong to different plans", {
      hint: "Recover the services of each plan by themselves.",
    });
  return new MusterError("not-found", `no plan in force has a service ${unknown.join(", ")}`, {
    hint: `Known services: ${known.join(", ")}.`,
  });
}

function refuseUnknown({ name, model }: StoredPlan, { tiers, hosts }: RequestedRecovery): void {
  const known = Object.values(model.services);
  const lost = [
    ...tiers.filter((tier) => !known.some((service) => service.tier === tier)).map((tier) => `tier ${tier}`),
    ...hosts.filter((host) => !known.some((service) => service.host === host)).map((host) => `host ${host}`),
  ];
  if (lost.length === 0) return;
  throw new MusterError("not-found", `the plan ${name} has no service in ${lost.join(", ")}`, {
    hint: `Its tiers: ${[...new Set(known.map(({ tier }) => tier))].sort().join(", ")}; its hosts: ${[...new Set(known.map(({ host }) => host))].sort().join(", ")}.`,
  });
}

/** A move of a host on which nothing selected lives is a slip of the pen, and what it meant would stay where it is. */
function refuseUselessMoves({ model }: StoredPlan, services: readonly string[], onto: Record<string, string>): void {
  const homes = new Set(services.flatMap((service) => model.services[service]?.host ?? []));
  const useless = Object.keys(onto).filter((host) => !homes.has(host));
  if (useless.length === 0) return;
  throw new MusterError("not-found", `nothing selected lives on ${useless.join(", ")}`, {
    hint: `Hosts of the selection: ${[...homes].sort().join(", ")}.`,
  });
}
