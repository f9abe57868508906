import type { Policy } from "@muster/recovery";
import type { Tx } from "../context.ts";
import { allServices, type FoundService } from "../plans/store.ts";
import { nextRun } from "./due.ts";
import { allSchedules, putSchedule, removeSchedule } from "./store.ts";

/** One schedule of one source as the plans in force want it. */
export interface WantedSchedule {
  readonly service: string;
  readonly source: string;
  readonly position: number;
  /** The schedule's own text: `every 15m`. */
  readonly text: string;
  readonly timezone: string;
  readonly policy: Policy;
  readonly found: FoundService;
}

/**
 * Brings the schedule rows in line with the plans in force. What has not changed keeps its next moment;
 * what is new or changed counts from `now` (milliseconds).
 */
export async function syncSchedules(tx: Tx, now: number): Promise<void> {
  const wanted = new Map((await wantedSchedules(tx)).map((schedule) => [keyOf(schedule), schedule]));
  const kept = new Set<string>();
  for (const row of await allSchedules(tx)) {
    const schedule = wanted.get(keyOf(row));
    if (schedule === undefined) await removeSchedule(tx, row);
    else if (definitionOf(schedule) === row.definition) kept.add(keyOf(row));
  }
  for (const [key, schedule] of wanted) {
    if (!kept.has(key)) await putSchedule(tx, newRow(schedule, now));
  }
}

/** Every schedule of every source of the plans in force. */
export async function wantedSchedules(tx: Tx): Promise<WantedSchedule[]> {
  return (await allServices(tx)).flatMap((found) =>
    Object.entries(found.service.sources).flatMap(([source, { policy: name }]) => {
      const policy = name === undefined ? undefined : found.plan.model.policies[name];
      if (policy === undefined) return [];
      const { timezone } = found.plan.model;
      return policy.schedule.map((text, position) => ({
        service: found.name,
        source,
        position,
        text,
        timezone,
        policy,
        found,
      }));
    }),
  );
}

function newRow(schedule: WantedSchedule, now: number) {
  const { service, source, position } = schedule;
  return { service, source, position, definition: definitionOf(schedule), nextDueAt: new Date(nextRun(schedule, now)) };
}

function definitionOf({ text, timezone, policy }: WantedSchedule): string {
  return `${text} | ${timezone} | jitter ${policy.jitter}`;
}

export function keyOf({ service, source, position }: { service: string; source: string; position: number }): string {
  return `${service}/${source}/${position}`;
}
