import type { Retention } from "../plan/schema.ts";
import { type Period, periodOf, periods } from "./period.ts";

export interface RetainedPoint {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  /** Names of what keeps the point whatever the policy says: a recovery that reads it, a legal hold. */
  readonly holds?: readonly string[] | undefined;
}

export interface RetentionDecision {
  readonly id: string;
  readonly keep: boolean;
  /** `kept: 3rd daily of 30`, or why nothing keeps it. */
  readonly reasons: readonly string[];
}

/**
 * Which points of one source to keep (grandfather-father-son), newest first, with every reason. The newest point of a period
 * stands for it. A number keeps that many periods that have a point; a duration keeps every period's point that is no older.
 * Without a policy everything is kept; the newest point is always kept.
 */
export function applyRetention(
  points: readonly RetainedPoint[],
  retention: Retention | undefined,
  timezone: string,
  now: number,
): RetentionDecision[] {
  const newestFirst = [...points].sort((a, b) => b.takenAt - a.takenAt || (a.id < b.id ? 1 : -1));
  const reasons = new Map<string, string[]>(newestFirst.map((point) => [point.id, []]));
  const keep = (id: string, reason: string): void => void reasons.get(id)?.push(reason);
  const [newest] = newestFirst;
  if (newest !== undefined) keep(newest.id, "kept: newest point");
  for (const { id, holds = [] } of newestFirst) for (const hold of holds) keep(id, `kept: held by ${hold}`);
  if (retention === undefined) for (const point of newestFirst) keep(point.id, "kept: no retention is set");
  else for (const period of periods) keepPeriod(period, retention[period], newestFirst, { timezone, now, keep });
  return newestFirst.map(({ id }) => {
    const found = reasons.get(id) ?? [];
    return found.length > 0
      ? { id, keep: true, reasons: found }
      : { id, keep: false, reasons: ["expired: no rule keeps it"] };
  });
}

/** Where the rules write what they keep. */
interface Ledger {
  readonly timezone: string;
  readonly now: number;
  keep(id: string, reason: string): void;
}

function keepPeriod(period: Period, rule: Rule | undefined, points: readonly RetainedPoint[], ledger: Ledger): void {
  if (rule === undefined) return;
  const seen = new Set<string>();
  for (const point of points) {
    const name = periodOf(period, point, ledger.timezone);
    if (seen.has(name)) continue;
    seen.add(name);
    if (rule.kind === "count" && seen.size > rule.count) return;
    if (rule.kind === "age" && ledger.now - point.takenAt > rule.age) return;
    const limit = rule.kind === "count" ? `of ${rule.count}` : `within ${rule.text}`;
    ledger.keep(point.id, `kept: ${ordinal(seen.size)} ${period} ${limit}`);
  }
}

type Rule = NonNullable<Retention[Period]>;

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(number: number): string {
  const tens = number % 100;
  if (tens >= 11 && tens <= 13) return `${number}th`;
  return `${number}${["th", "st", "nd", "rd"][number % 10] ?? "th"}`;
}
