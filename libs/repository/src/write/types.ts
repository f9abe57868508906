import type { BigIntStats } from "node:fs";
import type { Clock, MusterError, Timer } from "@muster/core";
import type { EntryMeta, JsonValue, PointKind, PointSummary } from "../types.ts";

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
