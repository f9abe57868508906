import type { ApiFleetStatus, ApiServiceStatus } from "@muster/protocol";
import {
  exposure,
  fleetIndicator,
  type Move,
  movedServices,
  objectivesFor,
  type Run,
  serviceStatus,
  tierName,
  worstExposure,
} from "@muster/recovery";
import { pointWarnings } from "../catalog/point-warnings.ts";
import { newestPoints, type PointRow } from "../catalog/points-store.ts";
import { type BackupRow, lastEnded } from "../catalog/store.ts";
import type { ControlPlane, Tx } from "../context.ts";
import { type CopyRunRow, lastEndedRuns, newestInRepositories } from "../copies/store.ts";
import { ownBackupStatus } from "../own-backups/status.ts";
import { allServices, type FoundService } from "../plans/store.ts";
import { rtoForecasts } from "../recoveries/forecasts.ts";
import { nextDuePerSource } from "../schedules/store.ts";
import { copyStates, serviceCopySeconds } from "./copies.ts";
import { protectedUntil } from "./logs.ts";
import { activeRuns, type HostRow, hostsByName, type ProbeRow, probesByKey, runsSinceFirstMove } from "./store.ts";

type Exposure = ApiServiceStatus["sources"][number];

/** What the status of every service is computed from, read at one time. */
export interface FleetFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly services: readonly FoundService[];
  readonly hosts: ReadonlyMap<string, HostRow>;
  /** By `host/probe`. */
  readonly probes: ReadonlyMap<string, ProbeRow>;
  /** By `service/source`: the newest point that a restore may use. */
  readonly newest: ReadonlyMap<string, PointRow>;
  /** By `service/source/repository`: the moment of the newest whole point there. */
  readonly inRepository: ReadonlyMap<string, Date>;
  /** By `service/source/repository`: the copy to it that ended last. */
  readonly lastCopies: ReadonlyMap<string, CopyRunRow>;
  readonly nextDue: ReadonlyMap<string, Date>;
  readonly lastEnded: ReadonlyMap<string, BackupRow>;
  readonly runs: readonly Run[];
  /** By service: where its newest recovery brought it, if that was another host than the plan's. */
  readonly moved: ReadonlyMap<string, Move>;
  /** By service: milliseconds to come back, by what was measured. */
  readonly forecasts: ReadonlyMap<string, number>;
}

/** Reads the facts of the whole fleet now. */
export async function readFleet(tx: Tx, now: number): Promise<FleetFacts> {
  return {
    now,
    services: await allServices(tx),
    hosts: await hostsByName(tx),
    probes: await probesByKey(tx),
    newest: await newestPoints(tx),
    inRepository: await newestInRepositories(tx),
    lastCopies: await lastEndedRuns(tx),
    nextDue: await nextDuePerSource(tx),
    lastEnded: await lastEnded(tx),
    runs: await activeRuns(tx),
    moved: movedServices((await runsSinceFirstMove(tx)).map(({ plan }) => plan)),
    forecasts: await rtoForecasts(tx, now),
  };
}

/** The operators' view: every service with its probes, and the exposure of each source, measured at this request. */
export async function fleetStatus(cp: Pick<ControlPlane, "config" | "db" | "clock">): Promise<ApiFleetStatus> {
  return { ...describeFleet(await readFleet(cp.db, cp.clock.now())), controlPlane: await ownBackupStatus(cp) };
}

/** The fleet's status from its facts, by tier and name. */
export function describeFleet(facts: FleetFacts): Omit<ApiFleetStatus, "controlPlane"> {
  const services = facts.services
    .map((found) => serviceStatusOf(facts, found))
    .sort((a, b) => a.tier - b.tier || a.service.localeCompare(b.service));
  return {
    at: new Date(facts.now).toISOString(),
    ...fleetIndicator(services.map(({ status }) => status)),
    services,
    activeRecoveries: facts.runs.map(({ id, plan, state }) => ({ id, mode: plan.mode, state })),
  };
}

function serviceStatusOf(facts: FleetFacts, found: FoundService): ApiServiceStatus {
  const { name, service, plan } = found;
  const objectives = objectivesFor(plan.model, name);
  const sources = Object.keys(service.sources).map((source) => exposureOf(facts, found, source, objectives.rpo));
  const probes = service.probes.map((probe) => probeView(probe, facts.probes.get(`${service.host}/${probe}`)));
  const hostOnline = facts.hosts.get(service.host)?.online === 1;
  const recovery = facts.runs.find(
    (run) => run.plan.mode === "real" && run.plan.steps.some((step) => step.service === name),
  );
  const worst = worstExposure(sources);
  const moved = facts.moved.get(name);
  return {
    plan: plan.name,
    service: name,
    description: service.description,
    tier: service.tier,
    tierName: tierName(plan.model, service.tier),
    host: service.host,
    hostOnline,
    movedTo: moved?.from === service.host ? moved.to : undefined,
    status: serviceStatus({ hostOnline, probes, recovering: recovery !== undefined }),
    since: sinceOf(facts, found, recovery?.startedAt),
    probes,
    sources,
    rtoSeconds: inSeconds(objectives.rto),
    rpoSeconds: inSeconds(objectives.rpo),
    forecastSeconds: inSeconds(facts.forecasts.get(name)),
    exposureSeconds: worst.seconds,
    exposureState: worst.state,
    copySeconds: serviceCopySeconds(sources),
    recovery: recovery?.id,
  };
}

/** The exposure of a source now, with where the number comes from. */
function exposureOf(facts: FleetFacts, found: FoundService, source: string, rpo: number | undefined): Exposure {
  const key = `${found.name}/${source}`;
  const last = facts.lastEnded.get(key);
  const newest = facts.newest.get(key);
  const nextDueAt = facts.nextDue.get(key);
  const byPoint = newest?.takenAt.getTime();
  const byLog = protectedUntil(facts.hosts.get(found.service.host), newest, source);
  const latestTakenAt = byLog === undefined ? byPoint : Math.max(byPoint ?? byLog, byLog);
  return {
    source,
    ...exposure({ latestTakenAt, now: facts.now, rpo }),
    rpoSeconds: inSeconds(rpo),
    latestPointAt: newest?.takenAt.toISOString(),
    nextDueAt: nextDueAt?.toISOString(),
    lastError: last?.state === "failed" ? last.error?.message : undefined,
    warnings: newest === undefined ? [] : pointWarnings(newest).map(({ message }) => message),
    copies: copyStates(facts, found, source),
    measuredAt: new Date(facts.now).toISOString(),
    measuredBy: measuredBy(newest, byLog),
  };
}

function measuredBy(newest: PointRow | undefined, byLog: number | undefined): string {
  if (newest === undefined) return "no usable recovery point in the catalog";
  if (byLog === undefined) return `now − moment of recovery point ${newest.id}`;
  return "now − the latest time of which everything committed was seen to be durable in the log";
}

function probeView(name: string, row: ProbeRow | undefined) {
  if (row === undefined) return { name, state: "unknown" as const };
  return { name, state: row.state, message: row.message, checkedAt: row.checkedAt.toISOString() };
}

/** Since when the service is as it is: the start of its recovery, or the last change among its probes. */
function sinceOf(facts: FleetFacts, { service }: FoundService, recoveryAt: number | undefined): string | undefined {
  if (recoveryAt !== undefined) return new Date(recoveryAt).toISOString();
  const changes = service.probes.flatMap((probe) => facts.probes.get(`${service.host}/${probe}`)?.since ?? []);
  if (changes.length === 0) return undefined;
  return new Date(Math.max(...changes.map((at) => at.getTime()))).toISOString();
}

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
