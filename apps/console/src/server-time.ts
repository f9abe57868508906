/** More than this between two looks means that a clock was set, in milliseconds. */
const jump = 5000;

/** Server time minus `performance.now()`; before the first answer, this machine's own time. */
let ahead = performance.timeOrigin;
let known = false;

/**
 * Learns the control plane's time from an answer's `Date` header: whatever is counted on a screen is counted in its time, however
 * wrong the clock of the browser's machine is. The header cuts the seconds off, so the latest time seen is the nearest.
 */
export function noteServerDate(header: string | null): void {
  const date = Date.parse(header ?? "");
  if (Number.isNaN(date)) return;
  const seen = date - performance.now();
  ahead = known && Math.abs(seen - ahead) < jump ? Math.max(ahead, seen) : seen;
  known = true;
}

/** Milliseconds since the epoch, by the control plane's clock. */
export function serverNow(): number {
  return ahead + performance.now();
}
