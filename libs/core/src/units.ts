import { MusterError } from "./errors/muster-error.ts";

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const sizeUnits = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
} as const;

/** Parses `90s`, `15m`, `1h30m`, `7d` into milliseconds. Throws `usage`. */
export function parseDuration(text: string): number {
  const compact = text.trim().replaceAll(/\s+/g, "");
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(compact)) {
    throw new MusterError("usage", `"${text}" is not a duration`, { hint: "Write it like 90s, 15m, 1h30m or 7d." });
  }
  let total = 0;
  for (const [, amount = "0", unit = "s"] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    total += Number(amount) * durationUnits[unit as keyof typeof durationUnits]; // the pattern allows these units only
  }
  return total;
}

/** Formats milliseconds with the two largest units that matter: `1h 30m`, `12s`, `350ms`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "unknown";
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  const seconds = milliseconds < 10_000 ? Math.round(milliseconds / 100) / 10 : Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor((whole % 86_400) / 3600), "h"],
    [Math.floor((whole % 3600) / 60), "m"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(" ");
}

/** Parses `64MiB`, `10 GB`, `512` (bytes). Throws `usage`. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b)?$/i.exec(text.trim());
  const unit = (match?.[2] ?? "b").toLowerCase();
  if (match === null || !Object.hasOwn(sizeUnits, unit)) {
    throw new MusterError("usage", `"${text}" is not a size`, {
      hint: "Write it like 512MB, 10GiB or a number of bytes.",
    });
  }
  return Math.round(Number(match[1]) * sizeUnits[unit as keyof typeof sizeUnits]); // checked on the line above
}

/** Formats bytes in decimal units with three significant digits: `1.07 GB`. */
export function formatSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
