import { type CatalogPoint, planRecovery, resolveSources } from "@muster/recovery";
import type { Tx } from "../context.ts";
import { currentPlans, type StoredPlan } from "../plans/store.ts";
import { measuredHistory } from "./history.ts";
import { catalogPoint } from "./prepare.ts";
import { pointsOfServices } from "./store.ts";

/**
 * Per service, the milliseconds in which a recovery of it to its latest points would come back by what earlier recoveries took;
 * absent for a service that has no usable point, or steps that were never measured.
 */
export async function rtoForecasts(tx: Tx, now: number): Promise<Map<string, number>> {
  const forecasts = new Map<string, number>();
  for (const plan of await currentPlans(tx)) {
    const services = Object.keys(plan.model.services);
    const history = await measuredHistory(tx, services, now);
    const points = (await pointsOfServices(tx, services)).map(catalogPoint);
    for (const service of services) {
      const forecast = forecastService(plan, service, { points, history, now });
      if (forecast !== undefined) forecasts.set(service, forecast);
    }
  }
  return forecasts;
}

interface Known {
  readonly points: readonly CatalogPoint[];
  readonly history: Awaited<ReturnType<typeof measuredHistory>>;
  readonly now: number;
}

function forecastService(stored: StoredPlan, service: string, { points, history, now }: Known): number | undefined {
  const { model: plan, version: planVersion, hash: planHash } = stored;
  const services = [service];
  const resolved = resolveSources({ plan, services, points, target: "latest", now, onto: {} });
  if (resolved.problems.some(({ severity }) => severity === "error")) return undefined;
  const host = plan.services[service]?.host;
  const { forecast } = planRecovery({
    ...{ plan, planVersion, planHash, services, resolved, history },
    ...{ selection: { services }, mode: "real", target: "latest", onto: {} },
    onlineHosts: new Set(host === undefined ? [] : [host]),
  });
  return forecast;
}
