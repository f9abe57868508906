import { MusterError, parseDuration } from "@muster/core";

const hint =
  "Write latest, 2h ago, or a time with its offset, such as 2026-03-02T14:30:00+01:00 or 2026-03-02T13:30:00Z.";

/**
 * What --to means: `latest`, or an instant as ISO 8601 in UTC. A time without an offset is refused: in a disaster nobody should have
 * to guess whose clock was meant. `now` in milliseconds since the epoch. Throws `usage`, `target-in-future`.
 */
export function parseTarget(text: string, now: number): string {
  const trimmed = text.trim();
  if (trimmed === "latest") return "latest";
  const instant = relative(trimmed, now) ?? absolute(trimmed);
  if (instant > now) {
    throw new MusterError("target-in-future", `--to ${text} lies in the future`);
  }
  return new Date(instant).toISOString();
}

function relative(text: string, now: number): number | undefined {
  const match = /^(.*\S)\s+ago$/.exec(text);
  return match?.[1] === undefined ? undefined : now - parseDuration(match[1]);
}

function absolute(text: string): number {
  const match = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text);
  if (match === null) throw new MusterError("usage", `--to "${text}" is not a time`, { hint });
  if (match[3] === undefined)
    throw new MusterError("usage", `--to "${text}" does not say its offset from UTC`, { hint });
  const instant = Date.parse(text.replace(" ", "T").replace(/\s+/g, ""));
  if (Number.isNaN(instant)) throw new MusterError("usage", `--to "${text}" is not a time that exists`, { hint });
  return instant;
}
