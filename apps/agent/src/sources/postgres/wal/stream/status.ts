import type { ErrorValue } from "@muster/core";

/**
 * What the protection of a cluster's WAL is doing:
 * - `starting`: it has not streamed yet;
 * - `streaming`: WAL arrives and is stored;
 * - `stalled`: the repository does not take what has arrived; the server keeps its WAL meanwhile;
 * - `disconnected`: the server does not answer;
 * - `refused`: the server is not the one that the log is of, or its WAL differs; nothing is added until a person has looked.
 */
export type WalState = "starting" | "streaming" | "stalled" | "disconnected" | "refused";

/** WAL that is in no log and not on the server any more: no moment in it can be restored. */
export interface WalGap {
  readonly timeline: number;
  readonly start: string;
  readonly end: string;
}

/** What is known of the protection now; every number was measured. Positions as PostgreSQL writes them, times in ms since the Unix epoch. */
export interface WalStatus {
  readonly state: WalState;
  readonly error?: ErrorValue | undefined;
  readonly systemIdentifier?: string | undefined;
  readonly timeline?: number | undefined;
  readonly flushed?: string | undefined;
  readonly durable?: string | undefined;
  /** Bytes that are flushed on the server and not yet durable. */
  readonly lagBytes?: number | undefined;
  /** Everything committed before this time is durable. */
  readonly protectedUntil?: number | undefined;
  readonly exposureMs?: number | undefined;
  /** The latest end of a transaction that is durable. */
  readonly lastCommit?: number | undefined;
  readonly slot?: {
    readonly name: string;
    readonly state: string;
    /** Bytes of WAL that the server keeps for the slot. */
    readonly keptBytes?: number | undefined;
    /** Bytes until the slot loses WAL, where there is a bound. */
    readonly safeBytes?: number | undefined;
  };
  /** Bytes free where the server keeps its WAL, when that is on this host. */
  readonly headroomBytes?: number | undefined;
  readonly gaps: readonly WalGap[];
  readonly measuredAt: number;
}
