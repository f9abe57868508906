import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "@muster/core";

/** Makes names in directories durable; calls that arrive while one waits for its turn share that one's fsync. */
export interface DirectorySync {
  sync(directory: string): Promise<void>;
}

export function directorySync(): DirectorySync {
  const running = new Map<string, Promise<void>>();
  const queued = new Map<string, Promise<void>>();
  const start = (directory: string): Promise<void> => {
    const task = syncDirectory(directory).finally(() => running.delete(directory));
    running.set(directory, task);
    return task;
  };
  return {
    sync(directory) {
      const current = running.get(directory);
      if (current === undefined) return start(directory);
      const waiting = queued.get(directory);
      if (waiting !== undefined) return waiting;
      // One that runs may have begun before our name was there; the next one covers us and all who join it.
      const next = current
        .catch(() => undefined)
        .then(() => {
          queued.delete(directory);
          return start(directory);
        });
      queued.set(directory, next);
      return next;
    },
  };
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a directory under an existing root with its missing parents, and makes every new name durable. */
export async function makeDirectory(root: string, directory: string, names: DirectorySync): Promise<void> {
  if (directory === root) return;
  try {
    await mkdir(directory);
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    // Another writer may have made it a moment ago and not synced it yet, so the parent is synced in that case too.
    if (code === "ENOENT") {
      await makeDirectory(root, dirname(directory), names);
      return makeDirectory(root, directory, names);
    }
    if (code !== "EEXIST") throw thrown;
  }
  await names.sync(dirname(directory));
}

/** Writes all parts with as few calls as the system allows, then makes the content durable. */
export async function writeDurably(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) await writeAll(handle, part);
  await handle.sync();
}

/** Writes all bytes at the file's position. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.byteLength - written);
    written += bytesWritten;
  }
}
