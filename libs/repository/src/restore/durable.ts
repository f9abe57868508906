import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { systemErrorCode } from "@muster/core";
import { restoreError } from "./errors.ts";

const run = promisify(execFile);

/** How long a disk may take to write out what was restored. */
const deadlineMs = 30 * 60_000;

/** Bytes after which what was written begins to go to the disk, so that the sync at the end finds little left to wait for. */
const syncEvery = 256 * 2 ** 20;

/** Makes a tree durable while it is written. */
export interface TreeSync {
  /** So many bytes more were written. */
  wrote(bytes: number): void;
  /** Makes all that was written durable. Throws what any sync failed with: `source-failed`, `cancelled`. */
  finish(): Promise<void>;
  /** Resolves when no sync is under way. */
  settled(): Promise<void>;
}

/**
 * Makes what is written to the file system of a directory durable with one call now and then (syncfs, by coreutils' `sync -f`), which is
 * far cheaper than one per file. Where that tool is missing, `sync` is called for every path at the end.
 */
export function treeSync(
  directory: string,
  eachPath: () => AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): TreeSync {
  let unsynced = 0;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined; // the system tells of a failed write only once
  const syncAhead = async (): Promise<void> => {
    try {
      await syncFileSystem(directory, signal);
    } catch (thrown) {
      if (!isMissingTool(thrown)) failure ??= { error: thrown };
    } finally {
      running = undefined;
    }
  };
  const settled = async (): Promise<void> => running;
  return {
    wrote(bytes) {
      unsynced += bytes;
      if (unsynced < syncEvery || running !== undefined) return;
      unsynced = 0;
      running = syncAhead();
    },
    settled,
    async finish() {
      await settled();
      if (failure !== undefined) throw failure.error;
      try {
        await syncFileSystem(directory, signal);
      } catch (thrown) {
        if (!isMissingTool(thrown)) throw thrown;
        for await (const path of eachPath()) await syncOne(path);
      }
    },
  };
}

async function syncFileSystem(directory: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await run("sync", ["-f", directory], { timeout: deadlineMs, ...(signal === undefined ? {} : { signal }) });
  } catch (thrown) {
    throw isMissingTool(thrown) ? thrown : restoreError(thrown, directory);
  }
}

function isMissingTool(thrown: unknown): boolean {
  return systemErrorCode(thrown) === "ENOENT";
}

async function syncOne(path: Buffer): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
