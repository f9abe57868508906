import { formatDuration } from "@muster/core";
import type { Plan } from "../plan/schema.ts";
import type { CheckFinding, ResolvedSource } from "../run/model.ts";

/** A recovery point as the catalog knows it. Times in milliseconds since the epoch. */
export interface CatalogPoint {
  readonly id: string;
  readonly service: string;
  readonly source: string;
  readonly sourceType: string;
  readonly repository: string;
  readonly host: string;
  readonly takenAt: number;
  readonly logicalBytes: number;
  readonly expired: boolean;
  readonly damaged: boolean;
  /** What was doubtful about it when it was made. */
  readonly warnings?: readonly Pick<CheckFinding, "code" | "message" | "hint">[] | undefined;
}

export interface ResolveInput {
  readonly plan: Plan;
  readonly services: readonly string[];
  readonly points: readonly CatalogPoint[];
  readonly target: "latest" | number;
  readonly now: number;
  /** Source host → the host that takes its place. */
  readonly onto: Readonly<Record<string, string>>;
}

export interface Resolution {
  readonly sources: ResolvedSource[];
  /** Largest difference between the moments of the points. */
  readonly spread: number;
  readonly problems: CheckFinding[];
}

/** Finds for every source the newest usable point at or before the target. What cannot be had is a problem, never left out silently. */
export function resolveSources(input: ResolveInput): Resolution {
  if (input.target !== "latest" && input.target > input.now)
    return { sources: [], spread: 0, problems: [inFuture(input.target, input.now)] };
  const answers = input.services.flatMap((service) =>
    Object.keys(input.plan.services[service]?.sources ?? {}).map((source) => resolveOne(input, service, source)),
  );
  const sources = answers.flatMap((answer) => ("takenAt" in answer ? [answer] : []));
  const doubts = sources.flatMap((source) => doubtsOf(input, source));
  const times = sources.map((source) => source.takenAt);
  return {
    sources,
    spread: times.length === 0 ? 0 : Math.max(...times) - Math.min(...times),
    problems: [...answers.flatMap((answer) => ("severity" in answer ? [answer] : [])), ...doubts],
  };
}

function resolveOne(input: ResolveInput, service: string, source: string): ResolvedSource | CheckFinding {
  const all = input.points.filter((point) => point.service === service && point.source === source);
  const usable = all
    .filter((point) => !point.expired && !point.damaged)
    .sort(
      (a, b) => b.takenAt - a.takenAt || copyRank(input.plan, a) - copyRank(input.plan, b) || (a.id < b.id ? -1 : 1),
    );
  const limit = input.target === "latest" ? input.now : input.target;
  const point = usable.find((candidate) => candidate.takenAt <= limit);
  if (point === undefined) return noPoint(`${service}/${source}`, usable.at(-1), all.length, limit);
  const definition = input.plan.services[service];
  const fromHost = definition?.host ?? point.host;
  return {
    service,
    tier: definition?.tier ?? 1,
    source,
    sourceType: point.sourceType,
    fromHost,
    toHost: input.onto[fromHost] ?? fromHost,
    pointId: point.id,
    repository: point.repository,
    takenAt: point.takenAt,
    distance: limit - point.takenAt,
    bytes: point.logicalBytes,
  };
}

/** What is doubtful about the point that was found. It is taken all the same; who means an older one names a time. */
function doubtsOf({ points }: ResolveInput, { pointId, service, source, takenAt }: ResolvedSource): CheckFinding[] {
  const warnings = points.find(({ id }) => id === pointId)?.warnings ?? [];
  return warnings.map(({ code, message }) => ({
    severity: "warning",
    code,
    subject: `${service}/${source}`,
    message: `the point of ${iso(takenAt)} is of ${message}`,
    hint: "If that is not what you mean, choose an earlier moment with --to; muster points lists them.",
  }));
}

/** Of copies of one moment the one in the repository that the policy names first. */
function copyRank(plan: Plan, { service, source, repository }: CatalogPoint): number {
  const policy = plan.services[service]?.sources[source]?.policy;
  const rank = plan.policies[policy ?? ""]?.copies.indexOf(repository) ?? -1;
  return rank < 0 ? Number.MAX_SAFE_INTEGER : rank;
}

function noPoint(subject: string, first: CatalogPoint | undefined, known: number, target: number): CheckFinding {
  if (first !== undefined) {
    const message = `${subject} has no recovery point at or before ${iso(target)}; its first is of ${iso(first.takenAt)}`;
    return {
      severity: "error",
      code: "target-before-first-point",
      subject,
      message,
      hint: `Use --to ${iso(first.takenAt)} or later, or latest.`,
    };
  }
  const why = known > 0 ? `: all ${known} have expired or are damaged` : "";
  const message = `${subject} has no recovery point${why}`;
  return {
    severity: "error",
    code: "no-recovery-point",
    subject,
    message,
    hint: `Back it up first: muster backup ${subject}`,
  };
}

function inFuture(target: number, now: number): CheckFinding {
  const message = `the target ${iso(target)} lies ${formatDuration(target - now)} in the future`;
  return {
    severity: "error",
    code: "target-in-future",
    subject: "target",
    message,
    hint: "Choose a moment that has passed, or latest.",
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
