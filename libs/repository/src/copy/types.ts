import type { Clock, MusterError, Timer } from "@muster/core";

export interface CopyOptions {
  /** Who copies, for people; in the lease. */
  readonly holder: string;
  /** Ids of the points to copy; all that the target lacks when left out. */
  readonly points?: readonly string[] | undefined;
  /** Points that are there already get the packs back that they lack. */
  readonly complete?: boolean | undefined;
  /** Bytes per second at most. */
  readonly bytesPerSecond?: number | undefined;
  /** No pack is begun after this moment (milliseconds since the epoch); what is left waits for the next time. */
  readonly until?: number | undefined;
  readonly clock?: Clock | undefined;
  /** What signs of life of the copy's leases are given by. */
  readonly timer?: Timer | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/** Points and bytes of packs: done, and known to be needed so far. */
export interface CopyProgress {
  readonly points: number;
  readonly pointsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface CopyReport {
  /** Ids of the points that the target has now and did not have before, newest first. */
  readonly copied: readonly string[];
  /** Ids of points that were asked for and are there, copied now or before. */
  readonly present: readonly string[];
  /** Points that cannot be copied because the source is damaged. */
  readonly failed: readonly { readonly point: string; readonly error: MusterError }[];
  /** Ids of points that were left for the next time, because `until` had come. */
  readonly left: readonly string[];
  readonly packs: number;
  /** Bytes of packs that were written. */
  readonly bytes: number;
}
