import type { Clock, Logger } from "@muster/core";
import type { PointReader, PointWriter } from "@muster/repository";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Facts = Readonly<Record<string, Json>>;

/** What every call of a source gets. */
export interface SourceContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
  /** A private directory of the source that survives jobs and restarts: notes about what was moved aside. */
  readonly stateDirectory: string;
  /** A private directory of this job; removed when the job ends, also after a crash. */
  readonly workDirectory: string;
  /** Reports how far the work is; `total` 0 when it is not known. */
  progress(done: number, total: number, unit: "bytes" | "items", note: string): void;
}

/** The recovery point that a restore is asked for, as far as a check needs it. */
export interface PointToRestore {
  readonly pointId: string;
  readonly sourceType: string;
  readonly logicalBytes: number;
  readonly takenAt: number;
  readonly host: string;
  readonly facts: Facts;
}

export interface RestoreFinding {
  readonly severity: "error" | "warning" | "info";
  /** A code of the error registry. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface RestoreRequest {
  readonly point: PointToRestore;
  /** Names what is moved aside; unique per recovery and source. A repeat with the same id is idempotent. */
  readonly asideId: string;
  /** The operator accepts that the target is another one than the point came from. */
  readonly allowNewTarget: boolean;
}

export interface RestoreOutcome {
  readonly bytes: number;
  readonly items: number;
  /** False when nothing stood there before. */
  readonly movedAside: boolean;
  readonly notes: readonly string[];
  readonly facts: Facts;
}

/** What the control plane knows of the source's points so far. */
export interface PointsBefore {
  /** PostgreSQL's system identifier; empty when there are none. */
  readonly systemIdentifier: string;
}

/**
 * A thing with data on this host. Methods run in the job process, never in the resident agent (except `inspect`).
 *
 * Contract:
 * - `backup` writes entries and returns the moment that the point restores to; the caller commits or aborts the writer.
 * - `restore` stages beside the target, moves what is there aside under `asideId`, switches by rename, and says what it did.
 *   Killed at any moment it leaves the old data in place or the new data in place, and a repeat finishes or starts anew.
 * - `accept` drops what lies aside; `rollBack` puts it back (what was restored is dropped). Both are idempotent; a roll back
 *   of an id that is not there throws `aside-missing`.
 * - `checkRestore` touches nothing and finds all reasons why `restore` would fail, without stopping at the first.
 */
export interface Source {
  readonly name: string;
  readonly type: "postgres" | "redis" | "files" | "command";
  /** Where it is, without secrets. */
  readonly location: string;
  /** Facts for the inventory: version, system identifier, size. Throws `source-unavailable`. */
  inspect(context: Pick<SourceContext, "signal" | "log">): Promise<Facts>;
  backup(
    context: SourceContext,
    writer: PointWriter,
    before?: PointsBefore,
  ): Promise<{ takenAt: number; facts: Facts }>;
  checkRestore(context: SourceContext, request: RestoreRequest): Promise<RestoreFinding[]>;
  restore(context: SourceContext, reader: PointReader, request: RestoreRequest): Promise<RestoreOutcome>;
  accept(context: SourceContext, asideId: string): Promise<string[]>;
  rollBack(context: SourceContext, asideId: string): Promise<string[]>;
}
