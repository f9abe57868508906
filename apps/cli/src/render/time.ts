import { formatDuration } from "@muster/core";

/** A moment as people at any place read it: `2026-03-02 12:03:10Z`. */
export function moment(iso: string | undefined): string {
  if (iso === undefined) return "–";
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** How long ago: `5m 12s ago`. `now` in milliseconds since the epoch. */
export function ago(iso: string | undefined, now: number): string {
  return iso === undefined ? "never" : `${formatDuration(Math.max(0, now - Date.parse(iso)))} ago`;
}

/** A duration that may not be known, in milliseconds. */
export function duration(milliseconds: number | undefined): string {
  return milliseconds === undefined ? "–" : formatDuration(milliseconds);
}

/** Seconds that may not be known. */
export function seconds(value: number | undefined): string {
  return duration(value === undefined ? undefined : value * 1000);
}
