import type { BigIntStats } from "node:fs";
import type { Clock, MusterError, Timer } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import type { LogOptions, LogProperties, SourceLog } from "./log/types.ts";
import type { SweepOptions, SweepReport } from "./sweep/types.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export const pointKinds = ["postgres", "redis", "files", "command"] as const;
export type PointKind = (typeof pointKinds)[number];

/** How content is cut into chunks: by content (FastCDC), or in blocks of a fixed size in bytes (1 to 1 MiB). */
export type Chunking = { readonly mode: "content" } | { readonly mode: "fixed"; readonly size: number };

/** What a new recovery point is of. Times are milliseconds since the Unix epoch. */
export interface PointSpec {
  readonly source: string;
  readonly kind: PointKind;
  readonly host: string;
  /** Letters, digits, `_` and `-`; made when left out. One id is committed once. */
  readonly pointId?: string;
  readonly startedAt: number;
  readonly facts?: Readonly<Record<string, JsonValue>>;
  readonly chunking?: Chunking;
}

export interface WriteProgress {
  readonly bytesRead: number;
  /** Bytes of files that are as in the previous point and were not read. */
  readonly bytesUnchanged: number;
  readonly bytesStored: number;
  readonly entries: number;
}

export interface BeginOptions {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** What signs of life of the backup's lease are given by. */
  readonly timer?: Timer | undefined;
  readonly onProgress?: ((progress: WriteProgress) => void) | undefined;
  /** Which segments are decoded and compared before they are stored; manifests and indexes always are. */
  readonly readBack?: "sample" | "all" | undefined;
}

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

export interface StoredFile {
  readonly bytes: number;
  /** It was the same as in the previous point and was not read. */
  readonly unchanged: boolean;
  /** It changed while it was read, so its content may be of two moments. */
  readonly changed: boolean;
}

/** A regular file, a directory or a symbolic link on a disk. */
export interface DiskEntry {
  readonly path: string;
  readonly absolutePath: string | Buffer;
  /** What lstat said of it a moment ago, if that is known: it saves asking again. */
  readonly stats?: BigIntStats | undefined;
}

/** What became of a `DiskEntry`. */
export interface StoredFromDisk extends StoredFile {
  /** Why it is not in the point: `not-found`, or `source-failed` with the system's code in the details. */
  readonly failure?: MusterError;
}

export interface DiskOptions {
  /** How often a file of at most 1 MiB that changes while it is read is read again; 0 when left out. */
  readonly rereads?: number | undefined;
}

/** How the pages of a PostgreSQL file are checked; only for files of pages of 8 KiB, with data checksums. */
export interface PageCheck {
  /** The number of the file's first page within its relation. */
  readonly firstPage: number;
  /** Pages that were written to the WAL at this place or later are not checked: recovery writes them anew. */
  readonly since: bigint;
}

/** A regular file on a disk whose content is stored in blocks of 64 KiB by position. */
export interface BlockFile {
  readonly path: string;
  readonly absolutePath: string;
  /** Bytes that are stored at most: what the file grows by is for the next point. */
  readonly length: number;
  readonly pages?: PageCheck | undefined;
  /** Whether the content of the previous point may be taken where the file is certain to be unchanged since. */
  readonly reuse: boolean;
}

/** What became of a `BlockFile`. */
export interface StoredBlocks extends StoredFromDisk {
  /** The numbers of pages, within the relation, whose checksum is wrong each time that they are read. They are stored as they are. */
  readonly badPages: readonly number[];
}

/** Writes one recovery point. Calls may overlap. After a failure of the store every call throws that failure. */
export interface PointWriter {
  readonly id: string;
  /** The source's latest point that can be read, from which content may be taken without reading a file again. */
  readonly previous: PointSummary | undefined;
  addDirectory(path: string, meta: EntryMeta): Promise<void>;
  addSymlink(path: string, target: string, meta: EntryMeta): Promise<void>;
  /** A further name of the file that was or will be added as `target`. */
  addHardLink(path: string, target: string, meta: EntryMeta): Promise<void>;
  /** Stores a stream. If it throws, nothing of the entry remains in the point and the writer can go on. */
  addFile(path: string, meta: EntryMeta, content: AsyncIterable<Uint8Array>): Promise<StoredFile>;
  /**
   * Stores what is on a disk, with mode, owner and time as they were when it was read; hundreds in one call cost least. In a
   * point of kind `files` a file that is unchanged since the previous point of the source is not read again, provided that
   * entries come in the order of `comparePaths`. What cannot be read is told in its outcome, and the rest goes on.
   */
  addFromDisk(found: readonly DiskEntry[], options?: DiskOptions): Promise<readonly StoredFromDisk[]>;
  /**
   * Stores files in blocks by position, so that a change inside one leaves its other blocks as they are; with mode, owner and time.
   * Files come in the order of `comparePaths` where content is to be reused. What cannot be read is told in its outcome.
   */
  addBlocks(files: readonly BlockFile[]): Promise<readonly StoredBlocks[]>;
  /** Makes everything durable, the manifest last; only then the point exists. */
  commit(final: {
    readonly takenAt: number;
    readonly facts?: Readonly<Record<string, JsonValue>>;
  }): Promise<PointSummary>;
  /** Gives up: nothing of the point is listed, what was stored is garbage that later points may use. */
  abort(): Promise<void>;
}

/** A file that a restore makes. */
export interface FileToWrite {
  /** Whose mode, owner and time it gets. */
  readonly entry: Entry;
  /** Whose content it gets: an entry of type `file`. */
  readonly content: Entry;
  /** Where; nothing may be there, and the directory above must be. */
  readonly path: Uint8Array;
  /** Whether to give it its owner. */
  readonly ownership: boolean;
}

export interface WriteFilesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes that are written. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /** Told of each file that is whole. */
  readonly onFile?: (() => void) | undefined;
}

export interface PointReader {
  readonly summary: PointSummary;
  entries(): AsyncIterable<Entry>;
  entry(path: string): Promise<Entry | undefined>;
  /** The content of a file or hard link, every chunk checked against its id. The buffers must not be changed. */
  read(entry: Entry, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
  /**
   * Makes new files, in threads when there is much to write; every chunk is checked against its id. Not durable yet. Throws
   * `conflict` when a path is taken, `disk-full`, `source-failed` (also when an owner may not be given),
   * `repository-corrupt`.
   */
  writeFiles(files: Iterable<FileToWrite> | AsyncIterable<FileToWrite>, options?: WriteFilesOptions): Promise<void>;
  /**
   * Makes one new file out of another on the same disk that nobody writes to: what is the same in both is not read from the store. Every
   * chunk is checked against its id. Gives the bytes that were taken from the other file. Throws as `writeFiles` does.
   */
  writeLike(file: FileToWrite, like: string, options?: WriteFilesOptions): Promise<number>;
}

export type VerifyLevel = "presence" | "read";

/** One of `slices` parts of all packs, from 0 on; a pack is always in the same one. */
export interface VerifySample {
  readonly slices: number;
  readonly slice: number;
}

export interface VerifyOptions {
  /** `presence`: every chunk that a point needs is in a pack that is there. `read`: everything is read and checked. */
  readonly level: VerifyLevel;
  /** With level `read`: of the packs only those of one slice of several are read, of the others it is seen that they are there. */
  readonly sample?: VerifySample | undefined;
  /** Only the point of this id. */
  readonly point?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly objects: number; readonly bytesRead: number }) => void) | undefined;
}

/** An object that is damaged or missing; once for each point that it hits, or once without a point. */
export interface Damage {
  /** The key of the object, or of the manifest whose content cannot be found. */
  readonly object: string;
  readonly message: string;
  readonly point?: string;
  /** Paths of that point that cannot be restored; left out when any path may be among them. */
  readonly entries?: readonly string[];
}

export interface VerifyReport {
  readonly level: VerifyLevel;
  /** Ids of the points that were looked at. */
  readonly points: readonly string[];
  /** Objects and bytes that were looked at. */
  readonly objects: number;
  readonly bytesRead: number;
  /** Empty when all is well. */
  readonly damage: readonly Damage[];
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
