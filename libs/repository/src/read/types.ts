import type { Entry, PointSummary } from "../types.ts";

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
