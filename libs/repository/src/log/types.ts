import type { JsonValue } from "../types.ts";

/** A part of one timeline of a log: from `start` (inclusive) to `end` (exclusive), in bytes of the log's own counting. */
export interface LogRange {
  readonly timeline: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** What the writer of a range wants to know of it without reading it, such as the times of the first and last commit. */
export type RangeFacts = Readonly<Record<string, JsonValue>>;

/** A stored range, as its name tells it. Ranges may overlap: a compacted one repeats the small ones. */
export interface StoredRange extends LogRange {
  /** Bytes of the object. */
  readonly size: number;
}

/** Everything of a log that one list of the store showed. */
export interface LogListing {
  /** By timeline, then start, then end. */
  readonly ranges: readonly StoredRange[];
  /** Names of its files, sorted. */
  readonly files: readonly string[];
}

/** Facts about a whole log that must never change, such as the size of a segment. */
export type LogProperties = Readonly<Record<string, JsonValue>>;

export interface LogOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The log of a continuous source: immutable ranges and files under one identity (PostgreSQL's system identifier). Agents only
 * add to it; what is superseded or too old is removed by the sweeper.
 */
export interface SourceLog {
  readonly source: string;
  readonly identity: string;
  readonly properties: LogProperties;
  /** Every range and file that is there. Throws when the store cannot list. */
  list(options?: LogOptions): Promise<LogListing>;
  /**
   * Makes a range durable; returns the bytes stored. The same range with the same content is accepted and costs nothing;
   * with other content it throws `log-conflict`. At most 16 MiB.
   */
  append(range: LogRange, bytes: readonly Uint8Array[], facts?: RangeFacts, options?: LogOptions): Promise<number>;
  /** The facts that the range was appended with. */
  facts(range: StoredRange, options?: LogOptions): Promise<RangeFacts>;
  /**
   * The bytes of a range, from whatever stored ranges of the listing cover it; a damaged one is replaced by others that have the
   * same bytes. Throws `log-gap` when a part is nowhere, `repository-corrupt` when a part is only in damaged objects.
   */
  read(range: LogRange, from: Pick<LogListing, "ranges">, options?: LogOptions): AsyncIterable<Uint8Array>;
  /** Stores a small file, such as a timeline's history. Throws `log-conflict` when another of that name is there. */
  putFile(name: string, bytes: Uint8Array, options?: LogOptions): Promise<void>;
  /** Throws `object-missing`. */
  getFile(name: string, options?: LogOptions): Promise<Uint8Array>;
}
