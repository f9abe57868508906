import { readFile } from "node:fs/promises";
import { asMusterError } from "@muster/core";
import { filePath, isS3Address, sharedAddress } from "@muster/object-store";
import type { ApiKit, ApiKitSource } from "@muster/protocol";
import { tierName } from "@muster/recovery";
import { recordAudit } from "../audit/record.ts";
import { newestPoints, type PointRow } from "../catalog/points-store.ts";
import type { Actor, ControlPlane } from "../context.ts";
import { type HostRow, listHosts } from "../hosts/store.ts";
import { hostView } from "../hosts/views.ts";
import { ownBackupStatus } from "../own-backups/status.ts";
import { currentPlans, type FoundService, type StoredPlan } from "../plans/store.ts";
import { listRepositoryKeys } from "../repositories/keys/change.ts";
import { version } from "../version.ts";

type Kit = ApiKit;

/** Everything that is needed on the worst day, as it is now. Recorded; the secrets only when they are asked for. */
export async function collectKit(
  cp: ControlPlane,
  { withSecrets }: { readonly withSecrets: boolean },
  by: Actor,
): Promise<Kit> {
  const kit = {
    at: new Date(cp.clock.now()).toISOString(),
    version,
    withSecrets,
    controlPlane: await controlPlaneOf(cp),
    repositories: await Promise.all(cp.repositories.names().map((name) => repositoryOf(cp, name, withSecrets))),
    ...(await fleetOf(cp)),
  };
  const entry = { actor: by, action: "kit.make", subject: "kit", details: { withSecrets } } as const;
  await cp.db.transaction((tx) => recordAudit(tx, cp.clock.now(), entry));
  return kit;
}

async function controlPlaneOf(cp: ControlPlane): Promise<Kit["controlPlane"]> {
  const { config, identity } = cp;
  const { dataDirectory, configFile, databaseUrl, http } = config;
  return {
    dataDirectory,
    ...(configFile === undefined ? {} : { configFile }),
    database: databaseUrl === undefined ? "embedded" : "postgresql",
    http: `${http.tls === undefined ? "http" : "https"}://${http.host}:${http.port}`,
    sessions: identity.endpoints().session,
    fingerprint: identity.fingerprint,
    ownBackups: (await ownBackupStatus(cp)).map(({ repository, latestPointAt }) => ({ repository, latestPointAt })),
  };
}

/** A repository that cannot be reached now belongs into the kit all the same. */
async function repositoryOf(
  cp: ControlPlane,
  name: string,
  withSecrets: boolean,
): Promise<Kit["repositories"][number]> {
  const place = cp.config.repositories[name];
  if (place === undefined) throw new TypeError(`the repository ${name} has no place`);
  const { url, keyFile, kmsKey } = place;
  const secret = withSecrets && kmsKey === undefined ? { secret: (await readFile(keyFile, "utf8")).trim() } : {};
  const about = {
    ...{ name, url: sharedAddress(url), keyFile, ...secret },
    ...(kmsKey === undefined ? {} : { kmsKey }),
    onControlPlane: !isS3Address(url) && filePath(url).startsWith(`${cp.config.dataDirectory}/`),
  };
  try {
    const keys = await listRepositoryKeys(cp, name);
    return {
      ...about,
      keys: keys.map(({ addedAt, ...key }) => ({ ...key, addedAt: new Date(addedAt).toISOString() })),
    };
  } catch (thrown) {
    return { ...about, keys: [], unreachable: asMusterError(thrown).message };
  }
}

async function fleetOf({ db }: ControlPlane): Promise<Pick<Kit, "hosts" | "plans">> {
  const hosts = await listHosts(db);
  const newest = await newestPoints(db);
  const plans = await currentPlans(db);
  return {
    hosts: hosts.map((row) => {
      const { name, state, agentVersion } = hostView(row, []);
      return { name, state, agentVersion };
    }),
    plans: plans.map((plan) => ({ name: plan.name, version: plan.version, tiers: tiersOf(plan, hosts, newest) })),
  };
}

function tiersOf(
  plan: StoredPlan,
  hosts: readonly HostRow[],
  newest: ReadonlyMap<string, PointRow>,
): Kit["plans"][number]["tiers"] {
  const services = Object.entries(plan.model.services).map(([name, service]) => ({ name, service, plan }));
  const byTier = Map.groupBy(services, ({ service }) => service.tier);
  return [...byTier]
    .sort(([a], [b]) => a - b)
    .map(([tier, found]) => ({
      tier,
      name: tierName(plan.model, tier),
      services: found.map((one) => serviceOf(one, hosts, newest)),
    }));
}

function serviceOf(
  { name, service, plan }: FoundService,
  hosts: readonly HostRow[],
  newest: ReadonlyMap<string, PointRow>,
): Kit["plans"][number]["tiers"][number]["services"][number] {
  const row = hosts.find((host) => host.name === service.host);
  const inventory = row === undefined ? [] : hostView(row, []).sources;
  const { description, host, dependsOn, actions } = service;
  return {
    service: name,
    ...(description === undefined ? {} : { description }),
    host,
    dependsOn: [...dependsOn],
    actions: Object.fromEntries(
      Object.entries(actions).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
    sources: Object.entries(service.sources).map(([source, { policy }]) => {
      const copies = policy === undefined ? undefined : plan.model.policies[policy]?.copies;
      const point = newest.get(`${name}/${source}`);
      const own = inventory.find((entry) => entry.name === source);
      return sourceOf(source, { point, own, repository: copies?.[0] ?? "main" });
    }),
  };
}

function sourceOf(
  source: string,
  facts: {
    readonly point: PointRow | undefined;
    readonly own: { readonly type: string; readonly location: string } | undefined;
    readonly repository: string;
  },
): ApiKitSource {
  const { point, own, repository } = facts;
  const about = {
    source,
    type: own?.type ?? point?.sourceType ?? "unknown",
    repository: point?.repository ?? repository,
  };
  const { version: serverVersion, directory: dataDirectory } = point?.facts ?? {};
  return {
    ...about,
    ...(own === undefined ? {} : { location: own.location }),
    ...(point === undefined
      ? {}
      : { latestPointAt: point.takenAt.toISOString(), latestPoint: point.id, bytes: point.logicalBytes }),
    ...(typeof serverVersion === "string" ? { serverVersion } : {}),
    ...(typeof dataDirectory === "string" ? { dataDirectory } : {}),
  };
}
