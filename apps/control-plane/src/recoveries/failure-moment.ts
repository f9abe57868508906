import type { Plan } from "@muster/recovery";
import type { Tx } from "../context.ts";
import { failingProbes, hostRows } from "./store.ts";

/**
 * When the disaster began, as far as it was measured: the earliest moment since which a probe of these services fails without
 * a pause, or since which the agent of one of their hosts was not heard. Undefined when nothing shows.
 */
export async function failureMoment(tx: Tx, plan: Plan, services: readonly string[]): Promise<number | undefined> {
  const concerned = services.flatMap((name) => plan.services[name] ?? []);
  const watched = new Set(concerned.flatMap(({ host, probes }) => probes.map((probe) => `${host}/${probe}`)));
  const failing = (await failingProbes(tx)).filter(({ host, probe }) => watched.has(`${host}/${probe}`));
  const hosts = await hostRows(tx, [...new Set(concerned.map(({ host }) => host))]);
  const silent = [...hosts.values()].filter(({ online, revokedAt }) => online === 0 && revokedAt === null);
  const moments = [...failing.map(({ since }) => since), ...silent.flatMap(({ lastSeenAt }) => lastSeenAt ?? [])];
  return moments.length === 0 ? undefined : Math.min(...moments.map((moment) => moment.getTime()));
}
