import { lstat, open, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { runTool } from "./process.ts";

export type Path = string | Buffer;

/** Bytes that an unprivileged writer can still use on the disk that holds `path`, or its nearest existing parent. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    return freeBytes(dirname(path));
  }
}

/** Runs work that writes at `path`; a full disk becomes `disk-full` that names it. */
export async function writingAt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (systemErrorCode(cause) !== "ENOSPC" && systemErrorCode(cause) !== "EDQUOT") throw cause;
    throw new MusterError("disk-full", `the disk of ${path} is full`, { cause });
  }
}

/** The device number of `path`, or of its nearest existing parent. */
export async function deviceOf(path: string): Promise<number> {
  try {
    return (await stat(path)).dev;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    return deviceOf(dirname(path));
  }
}

/** False only for a true ENOENT (or a parent that is no directory); every other trouble throws. */
export async function exists(path: Path): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}

/** Makes a file's bytes, or a directory's names, durable. */
export async function syncPath(path: Path): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes everything that was written to the file system of `path` durable by one call (syncfs, by `sync -f`): a sync per file
 * would cost more than the writing.
 */
export async function syncFileSystem(path: string, signal: AbortSignal): Promise<void> {
  await runTool({ argv: ["sync", "-f", path], signal });
}

/** Renames and makes both directories durable. */
export async function durableRename(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncPath(dirname(to));
  if (dirname(from) !== dirname(to)) await syncPath(dirname(from));
}

/** Replaces a small private file (0600) so that a crash leaves the old or the new content. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await durableRename(temporary, path);
}

/** Removes a tree; nothing there is fine. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
