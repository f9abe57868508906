import { MusterError } from "@muster/core";
import { Cron } from "croner";

/** When something is due: at fixed steps counted from the epoch, or by a cron expression in a time zone. */
export type Schedule =
  | { readonly kind: "every"; readonly interval: number; readonly text: string }
  | { readonly kind: "cron"; readonly expression: string; readonly text: string };

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/**
 * Parses `every 15m`, `hourly`, `daily 02:00`, `weekly sun 03:00`, `monthly 1 04:00` and `cron 0 2 * * *`.
 * Throws `usage` with the forms that are known.
 */
export function parseSchedule(text: string): Schedule {
  const schedule = read(text.trim().toLowerCase(), text);
  if (schedule === undefined) throw invalid(text);
  return schedule;
}

function read(normal: string, text: string): Schedule | undefined {
  const every = /^every (\d+)\s*(s|m|h|d)$/.exec(normal);
  if (every !== null) return readEvery(Number(every[1]), every[2] ?? "m", text);
  if (normal === "hourly") return { kind: "cron", expression: "0 * * * *", text };
  const daily = /^daily (\d{1,2}):(\d{2})$/.exec(normal);
  if (daily !== null) return cron(`${daily[2]} ${daily[1]} * * *`, text);
  const weekly = /^weekly (sun|mon|tue|wed|thu|fri|sat) (\d{1,2}):(\d{2})$/.exec(normal);
  if (weekly !== null) return cron(`${weekly[3]} ${weekly[2]} * * ${days.indexOf(weekly[1] ?? "sun")}`, text);
  const monthly = /^monthly (\d{1,2}) (\d{1,2}):(\d{2})$/.exec(normal);
  if (monthly !== null) return cron(`${monthly[3]} ${monthly[2]} ${monthly[1]} * *`, text);
  const expression = /^cron (.+)$/.exec(normal);
  return expression === null ? undefined : cron(expression[1] ?? "", text);
}

function readEvery(amount: number, unit: string, text: string): Schedule | undefined {
  const interval = amount * ({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 0);
  return interval > 0 ? { kind: "every", interval, text } : undefined;
}

function cron(expression: string, text: string): Schedule {
  try {
    new Cron(expression, { paused: true, mode: "5-part" });
  } catch (cause) {
    throw invalid(text, cause);
  }
  return { kind: "cron", expression, text };
}

function invalid(text: string, cause?: unknown): MusterError {
  return new MusterError("usage", `"${text}" is not a schedule`, {
    cause,
    hint: "Write: every 15m, hourly, daily 02:00, weekly sun 03:00, monthly 1 04:00, or cron 0 2 * * *",
  });
}
