import { link, mkdir, symlink } from "node:fs/promises";
import { asMusterError, MusterError, mapLimit, systemErrorCode, throwIfAborted } from "@muster/core";
import { pathToBytes } from "../encoding/path.ts";
import type { Entry, PointReader } from "../types.ts";
import { syncTree } from "./durable.ts";
import { applyMeta } from "./meta.ts";
import { restoreTarget, type Target } from "./target.ts";
import { writeFileEntry } from "./write-file.ts";

export interface RestoreOptions {
  /** Which entries to restore; all when left out. Parents of those are made as needed. */
  readonly include?: (path: string) => boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly files: number; readonly bytes: number }) => void;
  /** Whether to give files their owners; by default when running as root. */
  readonly ownership?: boolean;
}

/** Files that are written at once. */
const concurrency = 4;

interface Restore {
  readonly reader: PointReader;
  readonly target: Target;
  readonly options: RestoreOptions;
  readonly ownership: boolean;
  readonly done: { files: number; bytes: number };
}

/**
 * Writes a point's tree into a directory, which is made if needed: content, modes, owners, times, links; all durable when
 * this resolves. Never overwrites: throws `conflict` when a file is there already. Throws `disk-full`,
 * `repository-corrupt` for damaged data and for paths that lead out of the directory.
 */
export async function restoreTree(
  reader: PointReader,
  targetDirectory: string,
  options: RestoreOptions = {},
): Promise<{ files: number; bytes: number }> {
  const restore: Restore = {
    reader,
    target: restoreTarget(targetDirectory),
    options,
    ownership: options.ownership ?? process.getuid?.() === 0,
    done: { files: 0, bytes: 0 },
  };
  try {
    await mkdir(targetDirectory, { recursive: true, mode: 0o700 });
    await writeFiles(restore);
    // Links come after every file, so nothing is ever written through one of them.
    await writeLinks(restore);
    // Directories last: writing into them changes their times, and their modes may forbid it.
    await finishDirectories(restore);
    await syncTree(targetDirectory, () => paths(restore), options.signal);
  } catch (thrown) {
    throw restoreError(thrown, targetDirectory);
  }
  return restore.done;
}

async function* included({ reader, options }: Restore): AsyncGenerator<Entry> {
  for await (const entry of reader.entries()) {
    throwIfAborted(options.signal);
    if (options.include?.(entry.path) ?? true) yield entry;
  }
}

async function writeFiles(restore: Restore): Promise<void> {
  const { target } = restore;
  await mapLimit(included(restore), concurrency, async (entry) => {
    if (entry.type === "directory") await target.makeDirectory(entry.path);
    if (entry.type === "file") await writeFile(restore, entry, entry);
  });
}

/** Writes the content of `content` (a file or hard link) as the file `entry`. */
async function writeFile({ reader, target, options, ownership, done }: Restore, entry: Entry, content: Entry) {
  await target.prepareParent(entry.path);
  const onBytes = (count: number): void => {
    done.bytes += count;
    options.onProgress?.({ ...done });
  };
  const place = target.place(entry.path);
  await writeFileEntry(reader, entry, content, place, { signal: options.signal, ownership, onBytes });
  done.files += 1;
}

async function writeLinks(restore: Restore): Promise<void> {
  const { target, options, ownership, done } = restore;
  for await (const entry of included(restore)) {
    if (entry.type === "symlink") {
      await target.prepareParent(entry.path);
      await symlink(pathToBytes(entry.target ?? ""), target.place(entry.path));
      await applyMeta(target.place(entry.path), entry, ownership);
      done.files += 1;
    } else if (entry.type === "hardlink" && entry.target !== undefined) {
      await target.prepareParent(entry.path);
      if (options.include !== undefined && !options.include(entry.target)) await writeFile(restore, entry, entry);
      else await linkFile(restore, entry, entry.target);
    }
  }
}

async function linkFile({ target, done }: Restore, entry: Entry, to: string): Promise<void> {
  await target.prepareParent(to); // also refuses a way to it that leads through a link
  await link(target.place(to), target.place(entry.path));
  done.files += 1;
}

async function finishDirectories(restore: Restore): Promise<void> {
  const directories: Entry[] = [];
  for await (const entry of included(restore)) if (entry.type === "directory") directories.push(entry);
  directories.sort((a, b) => b.path.length - a.path.length); // a child's path is longer than its parent's
  for (const entry of directories) await applyMeta(restore.target.place(entry.path), entry, restore.ownership);
}

async function* paths(restore: Restore): AsyncGenerator<Buffer> {
  for await (const { type, path } of included(restore)) if (type !== "symlink") yield restore.target.place(path);
}

function restoreError(thrown: unknown, directory: string): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const code = systemErrorCode(thrown);
  const message = `restore into ${directory}: ${asMusterError(thrown).message}`;
  if (code === "ENOSPC" || code === "EDQUOT") return new MusterError("disk-full", message, { cause: thrown });
  if (code === "ABORT_ERR") return new MusterError("cancelled", message, { cause: thrown });
  if (code === "EEXIST" || code === "ENOTDIR") {
    return new MusterError("conflict", message, {
      cause: thrown,
      hint: "A restore overwrites nothing: give it an empty directory, or move aside what is there.",
    });
  }
  return new MusterError("source-failed", message, { cause: thrown });
}
