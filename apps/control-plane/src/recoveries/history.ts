import type { History } from "@muster/recovery";
import type { Tx } from "../context.ts";
import { type HistoryRow, historyOf } from "./store.ts";

/** A forecast counts on what was measured within this time, in milliseconds. */
const memory = 180 * 86_400_000;
/** So many of the latest runs of a work count. */
const latest = 10;
/** Restores of fewer bytes say nothing about a rate. */
const leastBytes = 1_000_000;

/** Durations and rates that were measured for these services: the median of the latest runs. */
export async function measuredHistory(tx: Tx, services: readonly string[], now: number): Promise<History> {
  const rows = await historyOf(tx, services, new Date(now - memory));
  const runsOf = (service: string, work: string): HistoryRow[] =>
    rows.filter((row) => row.service === service && row.work === work).slice(0, latest);
  return {
    durationMs: (service, work) => median(runsOf(service, work).map(({ durationMs }) => durationMs)),
    bytesPerSecond: (service, source) => median(runsOf(service, `restore ${source}`).flatMap(rateOf)),
  };
}

function rateOf({ bytes, durationMs }: HistoryRow): number[] {
  return bytes === null || bytes < leastBytes || durationMs <= 0 ? [] : [(bytes / durationMs) * 1000];
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
