import { closeSync, constants, fchmodSync, fchownSync, fdatasync, futimesSync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { breather } from "@muster/core";
import type { Entry, PointReader } from "../types.ts";
import { seconds } from "./meta.ts";

export interface WriteFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether to give the file its owner. */
  readonly ownership: boolean;
  readonly onBytes?: ((count: number) => void) | undefined;
}

const breathe = breather(20);
const syncData = promisify(fdatasync);

/** Bytes after which a large file begins to go to the disk, so that the sync at the end finds little left to wait for. */
const syncEvery = 32 * 2 ** 20;

/**
 * Makes a new file with the mode, owner and time of `entry` and the content of `content` (a file or hard link). Not durable
 * yet. Throws EEXIST and what else the system says. The calls are synchronous: for many small files the way through libuv's
 * pool and back costs several times as much as the call.
 */
export async function writeFileEntry(
  reader: PointReader,
  entry: Entry,
  content: Entry,
  path: Buffer,
  { signal, ownership, onBytes }: WriteFileOptions,
): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = openSync(path, flags, 0o600);
  let syncing: Promise<void> | undefined;
  let unsynced = 0;
  try {
    for await (const bytes of reader.read(content, { signal })) {
      writeAll(file, bytes);
      onBytes?.(bytes.length);
      await breathe();
      unsynced += bytes.length;
      if (unsynced < syncEvery) continue;
      unsynced = 0;
      await syncing;
      syncing = syncData(file);
      syncing.catch(() => undefined); // thrown where it is awaited
    }
    await syncing;
    if (ownership) fchownSync(file, entry.uid, entry.gid);
    fchmodSync(file, entry.mode & 0o7777); // after the owner: a change of owner clears set-id bits
    const time = seconds(entry.mtimeNs);
    futimesSync(file, time, time);
  } finally {
    await syncing?.catch(() => undefined); // the file must stay open for it
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
