import { parsePlan } from "../plan/parse.ts";
import type { Plan } from "../plan/schema.ts";
import type { History } from "../restore/forecast.ts";
import { type PlanRecoveryInput, planRecovery } from "../restore/plan-recovery.ts";
import { type CatalogPoint, resolveSources } from "../restore/resolve.ts";
import { selectServices } from "../restore/select.ts";
import { newRun } from "../run/create.ts";
import type { RecoveryPlan, Run } from "../run/model.ts";

/** Noon of a Monday. */
export const noon = Date.UTC(2026, 2, 2, 12);
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Two tiers of data and application on three hosts, and a proxy without data in the third. */
export const shopText = `version: 1
name: shop
timezone: Europe/Berlin
objectives: { rto: 1h, rpo: 1h }
tiers: [{ tier: 1, name: Data }, { tier: 2, name: Application }, { tier: 3, name: Edge }]
policies:
  often: { schedule: every 15m, retention: { last: 10 }, copies: [main, offsite] }
services:
  db:
    tier: 1
    host: db-1
    sources: { orders: { policy: often }, settings: { policy: often } }
    probes: [db-up]
    actions: { fence: fence-db, stop: stop-db, prepare: prepare-db, start: start-db }
  cache:
    tier: 1
    host: cache-1
    sources: { carts: { policy: often } }
    probes: [cache-up]
    actions: { stop: stop-cache, start: start-cache }
  shop:
    tier: 2
    host: app-1
    dependsOn: [db, cache]
    sources: { receipts: { policy: often } }
    probes: [shop-up]
    actions: { stop: stop-shop, start: start-shop }
  front:
    tier: 3
    host: app-1
    dependsOn: [shop]
    probes: [front-up]
    actions: { stop: stop-front, start: start-front, open: open-front }
scenarios:
  all: { approve: true }
`;

/** The shop, or another plan; throws when it has an error. */
export function planOf(text = shopText): Plan {
  const { plan, findings } = parsePlan({ name: "plan.yaml", text });
  const errors = findings.filter(({ severity }) => severity === "error");
  if (plan === undefined || errors.length > 0) throw new Error(JSON.stringify(errors));
  return plan;
}

export function point(
  service: string,
  source: string,
  takenAt: number,
  more: Partial<CatalogPoint> = {},
): CatalogPoint {
  return {
    id: `${source}-${takenAt}`,
    service,
    source,
    sourceType: "files",
    repository: "main",
    host: "db-1",
    takenAt,
    logicalBytes: 1000,
    expired: false,
    damaged: false,
    ...more,
  };
}

export const noHistory: History = { durationMs: () => undefined, bytesPerSecond: () => undefined };

/** One point per source, a minute apart, the newest a minute before noon. */
export function pointsOf(plan: Plan): CatalogPoint[] {
  const sources = Object.entries(plan.services).flatMap(([service, { sources }]) =>
    Object.keys(sources).map((source) => ({ service, source })),
  );
  return sources.map(({ service, source }, index) => point(service, source, noon - (index + 1) * minute));
}

/** A recovery of everything to the latest points, at noon, all hosts online. */
export function recoveryOf(plan = planOf(), more: Partial<PlanRecoveryInput> = {}): RecoveryPlan {
  const onto = more.onto ?? {};
  const selection = more.selection ?? {};
  const services = selectServices(plan, selection);
  const resolved = resolveSources({ plan, services, points: pointsOf(plan), target: "latest", now: noon, onto });
  return planRecovery({
    plan,
    planVersion: 1,
    planHash: "plan-hash",
    selection,
    services,
    mode: "real",
    target: "latest",
    onto,
    resolved,
    onlineHosts: new Set(Object.values(plan.services).map(({ host }) => host)),
    history: noHistory,
    ...more,
  });
}

export function runOf(plan = recoveryOf()): Run {
  return newRun({ id: "run-1", plan, hash: "hash", createdAt: noon, createdBy: "user:ann", failureAt: noon - minute });
}
