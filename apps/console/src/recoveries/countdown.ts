import type { ApiRecovery } from "@muster/protocol";
import { clockText, durationText, type Tone } from "../words.ts";

export interface Countdown {
  readonly tone: Tone;
  /** The big number. */
  readonly clock: string;
  readonly text: string;
}

type Timed = Pick<ApiRecovery, "state" | "objectives" | "achieved" | "failureAt" | "createdAt" | "finishedAt">;

/**
 * The time against the RTO. It is counted from the failure (or from the declaration, when that is not known), as the control plane
 * measures it; once it is measured, it stands.
 */
export function countdownOf(recovery: Timed, now: number): Countdown {
  const { objectives, achieved, state } = recovery;
  const began = Date.parse(recovery.failureAt ?? recovery.createdAt);
  const { rtoMs } = objectives;
  if (achieved?.rtoMs !== undefined) return measured(achieved.rtoMs, rtoMs);
  const ended = recovery.finishedAt;
  if (ended !== undefined)
    return {
      tone: "bad",
      clock: clockText(Date.parse(ended) - began),
      text: `${ends[state] ?? "ended"}; not all is back`,
    };
  const gone = now - began;
  if (rtoMs === undefined) return { tone: "quiet", clock: clockText(gone), text: "since the failure; no RTO is set" };
  if (gone > rtoMs)
    return { tone: "bad", clock: `+${clockText(gone - rtoMs)}`, text: `over the RTO of ${durationText(rtoMs)}` };
  const tone = gone > 0.8 * rtoMs ? "warn" : "busy";
  return { tone, clock: clockText(rtoMs - gone + 999), text: `left of the RTO of ${durationText(rtoMs)}` };
}

const ends: Partial<Record<ApiRecovery["state"], string>> = {
  failed: "failed",
  cancelled: "cancelled",
  timed_out: "stopped at its deadline",
  rolled_back: "rolled back",
};

function measured(taken: number, allowed: number | undefined): Countdown {
  const clock = durationText(taken);
  if (allowed === undefined) return { tone: "good", clock, text: "from failure to health; no RTO is set" };
  const met = taken <= allowed;
  return { tone: met ? "good" : "bad", clock, text: `${met ? "within" : "over"} the RTO of ${durationText(allowed)}` };
}

/** The data that was lost, against the RPO; undefined before anything is restored. */
export function lossOf({ achieved, objectives }: Timed): Countdown | undefined {
  if (achieved?.rpoMs === undefined) return undefined;
  const clock = durationText(achieved.rpoMs);
  if (objectives.rpoMs === undefined) return { tone: "good", clock, text: "of data lost; no RPO is set" };
  const met = achieved.rpoMs <= objectives.rpoMs;
  const text = `of data lost, ${met ? "within" : "over"} the RPO of ${durationText(objectives.rpoMs)}`;
  return { tone: met ? "good" : "bad", clock, text };
}
