import type { ApiHost } from "@muster/protocol";
import { durationText, sizeText, type Tone } from "../words.ts";

/** From here on a clock's offset spoils measured times, in milliseconds. */
const farOff = 1000;

export function stateTone({ state }: Pick<ApiHost, "state">): Tone {
  return state === "online" ? "good" : state === "offline" ? "bad" : "quiet";
}

/** The host's clock against the control plane's: `in step`, `2s ahead`, `350ms behind`. */
export function clockView(offsetMs: number | undefined): { readonly tone: Tone; readonly text: string } {
  if (offsetMs === undefined) return { tone: "quiet", text: "not measured" };
  const tone = Math.abs(offsetMs) >= farOff ? "warn" : "good";
  if (Math.abs(offsetMs) < 1) return { tone, text: "in step" };
  return { tone, text: `${durationText(Math.abs(offsetMs))} ${offsetMs > 0 ? "ahead" : "behind"}` };
}

/** The disk with the smallest share of room: `41 GB free of 105 GB`. */
export function tightestDisk(load: ApiHost["load"]): string | undefined {
  const disks = load?.disks.filter(({ sizeBytes }) => sizeBytes > 0) ?? [];
  const [tightest] = disks.toSorted((a, b) => a.freeBytes / a.sizeBytes - b.freeBytes / b.sizeBytes);
  if (tightest === undefined) return undefined;
  return `${sizeText(tightest.freeBytes)} free of ${sizeText(tightest.sizeBytes)}`;
}

/** `2 passing`, `1 failing, 1 passing`; failing ones first. */
export function probesText(probes: ApiHost["probes"]): string {
  const order = ["failing", "unknown", "starting", "passing"] as const;
  const counts = order.map((state) => ({ state, amount: probes.filter((probe) => probe.state === state).length }));
  const shown = counts.filter(({ amount }) => amount > 0).map(({ state, amount }) => `${amount} ${state}`);
  return shown.length === 0 ? "none" : shown.join(", ");
}
