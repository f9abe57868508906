import type { MusterError } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import type { LogOptions, LogProperties, SourceLog } from "./log/types.ts";
import type { PointReader } from "./read/types.ts";
import type { SweepOptions, SweepReport } from "./sweep/types.ts";
import type { VerifyOptions, VerifyReport } from "./verify/types.ts";
import type { BeginOptions, PointSpec, PointWriter } from "./write/types.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export const pointKinds = ["postgres", "redis", "files", "command"] as const;

export type PointKind = (typeof pointKinds)[number];

export interface EntryMeta {
  /** Permission bits with set-uid, set-gid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** Nanoseconds since the Unix epoch. */
  readonly mtimeNs: bigint | string;
}

/** One chunk, or one list of chunks, and the bytes of content under it. */
export interface ChunkRef {
  readonly id: Uint8Array;
  readonly length: number;
}

/** Content as a tree of chunk lists: at depth 0 the refs are data, at depth n lists of depth n - 1. */
export interface Content {
  readonly depth: number;
  readonly chunks: readonly ChunkRef[];
}

/** What a file looked like on its disk, to recognise it unchanged next time. */
export interface FileStamp {
  readonly ctimeNs: bigint;
  readonly inode: bigint;
}

interface EntryBase {
  /** Relative, `/`-separated; see `pathFromBytes` for names that are not UTF-8. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly mtimeNs: bigint;
  /** Bytes of content; 0 for what has none. */
  readonly size: number;
  readonly content: Content;
  readonly stamp?: FileStamp | undefined;
}

export interface PlainEntry extends EntryBase {
  readonly type: "file" | "directory";
  readonly target?: undefined;
}

export interface LinkEntry<T extends "symlink" | "hardlink"> extends EntryBase {
  readonly type: T;
  /** Where a symlink points, or the path of the entry that a hard link shares its content with. */
  readonly target: string;
}

/** One thing of a point's tree. */
export type Entry = PlainEntry | LinkEntry<"symlink"> | LinkEntry<"hardlink">;

export type EntryType = Entry["type"];

export interface PointSummary {
  readonly id: string;
  readonly source: string;
  readonly domain: string;
  readonly kind: PointKind;
  readonly host: string;
  readonly startedAt: number;
  /** The moment restored to. */
  readonly takenAt: number;
  readonly finishedAt: number;
  /** Bytes of content in all entries. */
  readonly logicalBytes: number;
  /** New bytes that this point added to the store: packs and indexes. */
  readonly storedBytes: number;
  readonly entries: number;
  readonly facts: Readonly<Record<string, JsonValue>>;
}

export interface ListOptions {
  readonly source?: string | undefined;
  /** Told of each manifest that is damaged, so that it does not hide the others; without it the list throws. */
  readonly onDamaged?: ((object: string, error: MusterError) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The data of one service. */
export interface Domain {
  readonly name: string;
  /** Starts a recovery point. Loads the domain's index. Throws `usage`, and `conflict` for an id that is taken. */
  beginPoint(spec: PointSpec, options?: BeginOptions): Promise<PointWriter>;
  /** All points, or those of a source, sorted by `takenAt`. Throws when the list fails; see `onDamaged`. */
  listPoints(options?: string | ListOptions): Promise<PointSummary[]>;
  /** Throws `point-missing`, `repository-corrupt`. */
  openPoint(id: string): Promise<PointReader>;
  /** Says exactly what is damaged. Throws only when the store itself fails, and `point-missing`. */
  verify(options: VerifyOptions): Promise<VerifyReport>;
  /** Opens the log of a continuous source to add to it. Throws `log-identity`; see `openLogToWrite`. */
  writeLog(
    log: { readonly source: string; readonly identity: string; readonly properties: LogProperties },
    options?: LogOptions & { readonly allowNewIdentity?: boolean | undefined },
  ): Promise<SourceLog>;
  /** Opens a log to read it. Throws `log-identity` when there is none. */
  readLog(source: string, identity: string, options?: LogOptions): Promise<SourceLog>;
  /** The identities that a source has logs of. */
  logIdentities(source: string, options?: LogOptions): Promise<string[]>;
}

/** What opens one domain, and nothing else of its repository. */
export interface DomainGrant {
  readonly repositoryId: string;
  readonly domain: string;
  /** base64url; a secret. */
  readonly key: string;
}

/** A repository opened with its master key. */
export interface Repository {
  readonly id: string;
  domain(name: string): Domain;
  grant(name: string): DomainGrant;
  /**
   * Deletes what nobody needs any more, through a store that may delete; see `docs/format.md`. Throws `sweep-superseded` when a
   * newer sweep has begun.
   */
  sweep(store: DeletableStore, options: SweepOptions): Promise<SweepReport>;
  /** The names of the domains that have points. */
  domains(): AsyncIterable<string>;
  /** Bytes that can still be written, where the store knows it. */
  freeSpace(): Promise<number | undefined>;
}
