import { closeSync, fdatasync } from "node:fs";
import { promisify } from "node:util";
import { restoreError } from "./errors.ts";
import { createFile, type FileMeta, finishFile, openDirect } from "./new-file.ts";

const syncData = promisify(fdatasync);

/** Bytes after which a large file begins to go to the disk, so that the sync at the end finds little left to wait for. */
const syncEvery = 32 * 2 ** 20;

/** A file that is written in pieces, by several threads. */
export interface OpenFile {
  readonly descriptor: number;
  /** The same file, open for writing past the page cache; see `openDirect`. */
  readonly direct: number | undefined;
  /** One more piece will be written. */
  expect(): void;
  /** A piece of so many bytes is written. */
  written(bytes: number): void;
  /** No more pieces will be expected. */
  complete(): void;
}

/** The files in the making. */
export interface OpenFiles {
  /** Files that are not finished. */
  readonly size: number;
  /** `size` is what it will have, in bytes. */
  create(path: Uint8Array, meta: FileMeta, size: number): OpenFile;
  /** The file of a descriptor. */
  of(descriptor: number): OpenFile | undefined;
  /** Resolves when no file is being synced. */
  synced(): Promise<void>;
  /** Gives up what is not finished. Nobody may write to it any more. */
  close(): Promise<void>;
}

interface Events {
  /** A file has all its pieces, and its owner, mode and time. */
  readonly onFinished: () => void;
  readonly onFailure: (error: unknown) => void;
}

export function openFiles({ onFinished, onFailure }: Events): OpenFiles {
  const open = new Map<number, OpenFile>();
  const syncing = new Set<Promise<void>>();
  const create = (path: Uint8Array, meta: FileMeta, size: number): OpenFile => {
    const descriptor = createFile(path);
    const direct = openDirect(descriptor, size);
    let missing = 1; // until complete
    let unsynced = 0;
    let sync: Promise<void> | undefined;
    const orFailure = async (work: () => void | Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (thrown) {
        onFailure(restoreError(thrown, Buffer.from(path).toString()));
      }
    };
    const beginSync = (): void => {
      unsynced = 0;
      const task = orFailure(() => syncData(descriptor)).finally(() => {
        syncing.delete(task);
        sync = undefined;
        finishWhenWhole();
      });
      sync = task;
      syncing.add(task);
    };
    const finishWhenWhole = (): void => {
      if (missing > 0 || sync !== undefined || !open.delete(descriptor)) return;
      void orFailure(() => {
        if (direct !== undefined) closeSync(direct);
        finishFile(descriptor, path, meta);
        onFinished();
      });
    };
    const file: OpenFile = {
      descriptor,
      direct,
      expect() {
        missing += 1;
      },
      written(bytes) {
        missing -= 1;
        if (direct === undefined) unsynced += bytes;
        if (unsynced >= syncEvery && sync === undefined) beginSync();
        finishWhenWhole();
      },
      complete() {
        missing -= 1;
        finishWhenWhole();
      },
    };
    open.set(descriptor, file);
    return file;
  };
  const synced = async (): Promise<void> => {
    while (syncing.size > 0) await Promise.all(syncing);
  };
  return {
    get size() {
      return open.size;
    },
    create,
    of: (descriptor) => open.get(descriptor),
    synced,
    async close() {
      const left = [...open.values()].flatMap(({ descriptor, direct }) => [descriptor, direct ?? []].flat());
      open.clear(); // so that no sync that ends finishes a file
      await synced();
      for (const descriptor of left) closeSync(descriptor);
    },
  };
}
