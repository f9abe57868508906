/** Milliseconds with the two largest units that matter: `1h 30m`, `12s`, `1.4s`, `350ms`; a dash for nothing. */
export function durationText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "–";
  if (milliseconds < 0) return `-${durationText(-milliseconds)}`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1).replace(/\.0$/, "")}s`;
  const whole = Math.round(milliseconds / 1000);
  const parts = [
    { amount: Math.floor(whole / 86_400), unit: "d" },
    { amount: Math.floor(whole / 3600) % 24, unit: "h" },
    { amount: Math.floor(whole / 60) % 60, unit: "m" },
    { amount: whole % 60, unit: "s" },
  ];
  const first = parts.findIndex(({ amount }) => amount > 0);
  const shown = parts.slice(first, first + 2).filter(({ amount }) => amount > 0);
  return shown.map(({ amount, unit }) => `${amount}${unit}`).join(" ");
}

/** A running clock without jumps in width: `4:05`, `1:02:09`. */
export function clockText(milliseconds: number): string {
  const whole = Math.floor(Math.max(0, milliseconds) / 1000);
  const two = (amount: number): string => String(amount).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, two(whole % 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

/** How long ago, in one unit: `12s ago`, `3m ago`, `2d ago`. */
export function agoText(instant: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h ago` : `${Math.floor(seconds / 86_400)}d ago`;
}

/** `2026-03-02 14:30:00 UTC`. */
export function instantText(instant: string): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Bytes in decimal units with three significant digits: `1.07 GB`. */
export function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${units[unit]}`;
}

/** A state or a kind as people read it: `awaiting approval`. */
export function plain(name: string): string {
  return name.replaceAll(/[_-]/g, " ");
}

/** `1 step`, `3 steps`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** How good a state is: the colour and the sign that it is shown with. */
export type Tone = "good" | "warn" | "bad" | "busy" | "quiet";
