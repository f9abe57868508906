export type ExposureState = "ok" | "at-risk" | "breached" | "unprotected";

export interface Exposure {
  /** Data that would be lost if the source died now; undefined when there is no point to come back to. */
  readonly seconds?: number | undefined;
  readonly state: ExposureState;
}

/** At risk from this part of the RPO on. */
const riskShare = 0.8;

/** How old the newest usable point is, against the RPO. Times in milliseconds. */
export function exposure(input: {
  latestTakenAt?: number | undefined;
  now: number;
  rpo?: number | undefined;
}): Exposure {
  if (input.latestTakenAt === undefined) return { state: "unprotected" };
  const age = Math.max(0, input.now - input.latestTakenAt);
  const seconds = age / 1000;
  if (input.rpo === undefined) return { seconds, state: "ok" };
  if (age > input.rpo) return { seconds, state: "breached" };
  return { seconds, state: age > input.rpo * riskShare ? "at-risk" : "ok" };
}

/**
 * Since when the source has been in its state, in ms since the epoch: the newest point's moment while all is well, then the moments
 * at which the limits were passed. Undefined for an unprotected one: nothing tells when its last point went.
 */
export function exposureSince(input: {
  latestTakenAt?: number | undefined;
  now: number;
  rpo?: number | undefined;
}): number | undefined {
  const { latestTakenAt, rpo = 0 } = input;
  if (latestTakenAt === undefined) return undefined;
  const passed = { ok: 0, "at-risk": rpo * riskShare, breached: rpo, unprotected: 0 };
  return latestTakenAt + passed[exposure(input).state];
}

const rank: Readonly<Record<ExposureState, number>> = { ok: 0, "at-risk": 1, breached: 2, unprotected: 3 };

/** A service's exposure: the longest of its sources, and the worst state. A service without sources has nothing to lose. */
export function worstExposure(list: readonly Exposure[]): Exposure {
  const measured = list.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  const state = list.reduce<ExposureState>(
    (worst, item) => (rank[item.state] > rank[worst] ? item.state : worst),
    "ok",
  );
  return { seconds: measured.length === 0 || state === "unprotected" ? undefined : Math.max(...measured), state };
}
