import type { ApiFleetStatus, ApiServiceStatus } from "@muster/protocol";
import { durationText, plain, type Tone } from "../words.ts";

export interface TierView {
  readonly tier: number;
  readonly title: string;
  readonly services: readonly ApiServiceStatus[];
}

/** The services by tier, the first tier first. */
export function tiersOf({ services }: Pick<ApiFleetStatus, "services">): TierView[] {
  const tiers = Map.groupBy(services, ({ tier }) => tier);
  return [...tiers]
    .sort(([a], [b]) => a - b)
    .map(([tier, members]) => ({ tier, title: tierTitle(tier, members[0]?.tierName), services: members }));
}

/** `Tier 1 · Data`; a tier without a name of its own is only numbered. */
export function tierTitle(tier: number, name: string | undefined): string {
  return name === undefined || name === `Tier ${tier}` ? `Tier ${tier}` : `Tier ${tier} · ${name}`;
}

const healthTones: Readonly<Record<ApiServiceStatus["status"], Tone>> = {
  operational: "good",
  degraded_performance: "warn",
  partial_outage: "bad",
  major_outage: "bad",
  under_maintenance: "busy",
};

export function healthOf({ status }: ApiServiceStatus): { readonly tone: Tone; readonly text: string } {
  const text = { degraded_performance: "degraded", major_outage: "outage", under_maintenance: "maintenance" } as const;
  return { tone: healthTones[status], text: status in text ? text[status as keyof typeof text] : plain(status) };
}

const exposureTones: Readonly<Record<ApiServiceStatus["exposureState"], Tone>> = {
  ok: "good",
  "at-risk": "warn",
  breached: "bad",
  unprotected: "bad",
};

export interface ExposureView {
  readonly tone: Tone;
  /** In milliseconds; undefined when there is no recovery point. */
  readonly now: number | undefined;
  readonly allowed: number | undefined;
  /** Of what is allowed, 0 to 1; undefined without an objective or a measurement. */
  readonly share: number | undefined;
  readonly state: string;
}

/** What would be lost if the service died at `now`: the measurement, and the time that has gone by since. Undefined without data. */
export function exposureOf(service: ApiServiceStatus, measuredAt: string, now: number): ExposureView | undefined {
  if (service.sources.length === 0) return undefined;
  const { exposureSeconds: seconds, rpoSeconds, exposureState } = service;
  const since = Math.max(0, now - Date.parse(measuredAt));
  const exposed = seconds === undefined ? undefined : seconds * 1000 + since;
  const allowed = rpoSeconds === undefined ? undefined : rpoSeconds * 1000;
  const share = exposed === undefined || allowed === undefined ? undefined : Math.min(1, exposed / allowed);
  return { tone: exposureTones[exposureState], now: exposed, allowed, share, state: plain(exposureState) };
}

/** The newest moment to which the whole service can be brought back: the oldest of its sources' latest points. */
export function lastPointOf({ sources }: ApiServiceStatus): string | undefined {
  const moments = sources.map(({ latestPointAt }) => latestPointAt);
  if (moments.length === 0 || moments.includes(undefined)) return undefined;
  return moments.flatMap((at) => at ?? []).sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}

/** The first thing that an operator should know. */
export function remarkOf({ hostOnline, movedTo, probes, sources }: ApiServiceStatus): string | undefined {
  if (movedTo !== undefined) return `was recovered on ${movedTo}: set host: ${movedTo} in the plan and apply it`;
  if (!hostOnline) return "its agent is not connected";
  const failing = probes.find(({ state }) => state === "failing");
  if (failing !== undefined) return `${failing.name}: ${failing.message ?? "failing"}`;
  const broken = sources.find(({ lastError }) => lastError !== undefined);
  if (broken !== undefined) return `last backup of ${broken.source}: ${broken.lastError}`;
  const doubted = sources.find(({ warnings }) => warnings.length > 0);
  if (doubted !== undefined) return `newest point of ${doubted.source}: ${doubted.warnings.join("; ")}`;
  return failedCopyOf(sources);
}

function failedCopyOf(sources: ApiServiceStatus["sources"]): string | undefined {
  const failed = sources.flatMap(({ source, copies }) =>
    copies.flatMap(({ repository, lastError }) =>
      lastError === undefined ? [] : [`last copy of ${source} to ${repository}: ${lastError}`],
    ),
  );
  return failed[0];
}

/** How old the newest copy outside the first repository is, in words; undefined when the plan wants none. */
export function copyTextOf({ sources, copySeconds }: ApiServiceStatus): string | undefined {
  if (sources.every(({ copies }) => copies.length === 0)) return undefined;
  return copySeconds === undefined ? "no copy yet" : `copy: ${durationText(copySeconds * 1000)} old`;
}

const indicatorTones: Readonly<Record<ApiFleetStatus["indicator"], Tone>> = {
  none: "good",
  minor: "warn",
  major: "bad",
  critical: "bad",
};

export function fleetTone({ indicator }: Pick<ApiFleetStatus, "indicator">): Tone {
  return indicatorTones[indicator];
}

export interface Tally {
  readonly label: string;
  readonly value: string;
  readonly tone: Tone;
}

/** The fleet in four numbers. */
export function talliesOf({ services, activeRecoveries }: ApiFleetStatus): Tally[] {
  const up = services.filter(({ status }) => status === "operational").length;
  const withData = services.filter(({ sources }) => sources.length > 0);
  const safe = withData.filter(({ exposureState }) => exposureState === "ok" || exposureState === "at-risk").length;
  const away = new Set(services.filter(({ hostOnline }) => !hostOnline).map(({ host }) => host)).size;
  const hosts = new Set(services.map(({ host }) => host)).size;
  const active = activeRecoveries.length;
  return [
    {
      label: "services operational",
      value: `${up} of ${services.length}`,
      tone: up === services.length ? "good" : "bad",
    },
    {
      label: "within their RPO",
      value: `${safe} of ${withData.length}`,
      tone: safe === withData.length ? "good" : "bad",
    },
    { label: "hosts connected", value: `${hosts - away} of ${hosts}`, tone: away === 0 ? "good" : "bad" },
    { label: "recoveries at work", value: String(active), tone: active === 0 ? "quiet" : "busy" },
  ];
}
