import type { Protection, PublicService } from "./public-view.ts";

/** Component states as people read them. */
export const stateWords: Readonly<Record<PublicService["status"], string>> = {
  operational: "Operational",
  degraded_performance: "Degraded",
  partial_outage: "Partial outage",
  major_outage: "Outage",
  under_maintenance: "Maintenance",
};

/** `4 minutes ago`, in the largest unit that gives at least one; coarse, so that the page stays cacheable. */
export function agoWords(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 60) return "less than a minute ago";
  if (seconds < 3600) return count(Math.floor(seconds / 60), "minute");
  if (seconds < 2 * 86_400) return count(Math.floor(seconds / 3600), "hour");
  return count(Math.floor(seconds / 86_400), "day");
}

/** How well data is protected, without numbers that only operators need. */
export function protectionWords({ state, safeUpTo }: Protection, now: number): string {
  if (safeUpTo === undefined) return "Not every part has a backup yet";
  const when = agoWords(Date.parse(safeUpTo), now);
  if (state === "breached") return `Backup is late: last one ${when}`;
  return `Backed up ${when}`;
}

function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? "" : "s"} ago`;
}
