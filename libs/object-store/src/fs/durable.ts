import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "@muster/core";
import { writeDirect } from "./direct.ts";

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

/** Writes all parts to a new file, then makes the content durable. */
export async function writeDurably(handle: FileHandle, path: string, parts: readonly Uint8Array[]): Promise<void> {
  let position = 0;
  for (const part of parts) {
    await writePart(handle, path, part, position);
    position += part.byteLength;
  }
  await handle.sync();
}

/** Writes bytes at a position in a file; large ones in aligned memory go past the page cache. */
export async function writePart(handle: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  const direct = await writeDirect(path, bytes, position);
  await writeAll(handle, bytes.subarray(direct), position + direct);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.byteLength - written, position + written);
    written += bytesWritten;
  }
}
