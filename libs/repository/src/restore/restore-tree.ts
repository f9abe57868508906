import { link, mkdir, symlink } from "node:fs/promises";
import { MusterError, throwIfAborted } from "@muster/core";
import { pathToBytes } from "../encoding/path.ts";
import type { FileToWrite, PointReader } from "../read/types.ts";
import type { Entry, LinkEntry } from "../types.ts";
import { type TreeSync, treeSync } from "./durable.ts";
import { restoreError } from "./errors.ts";
import { applyMeta } from "./meta.ts";
import { restoreTarget, type Target } from "./target.ts";

export interface RestoreOptions {
  /** Which entries to restore; all when left out. Parents of those are made as needed. */
  readonly include?: (path: string) => boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly files: number; readonly bytes: number }) => void;
  /** Whether to give files their owners; by default when running as root. */
  readonly ownership?: boolean;
}

interface Restore {
  readonly reader: PointReader;
  readonly target: Target;
  readonly options: RestoreOptions;
  readonly ownership: boolean;
  readonly done: { files: number; bytes: number };
  readonly sync: TreeSync;
  /** Met on the way, for later. */
  readonly directories: Entry[];
  readonly links: LinkEntry<"symlink" | "hardlink">[];
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
    sync: treeSync(targetDirectory, () => paths(restore), options.signal),
    directories: [],
    links: [],
  };
  try {
    await mkdir(targetDirectory, { recursive: true, mode: 0o700 });
    await writeFiles(restore);
    // Links come after every file, so nothing is ever written through one of them.
    await writeLinks(restore);
    // Directories last: writing into them changes their times, and their modes may forbid it.
    await finishDirectories(restore);
    await restore.sync.finish();
  } catch (thrown) {
    throw restoreError(thrown, targetDirectory);
  } finally {
    await restore.sync.settled();
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
  const { reader, options, done, sync } = restore;
  await reader.writeFiles(filesOf(restore), {
    signal: options.signal,
    onBytes(count) {
      done.bytes += count;
      sync.wrote(count);
      options.onProgress?.({ ...done });
    },
    onFile() {
      done.files += 1;
    },
  });
}

/** The files, each with its directory made; notes the other entries. */
async function* filesOf(restore: Restore): AsyncGenerator<FileToWrite> {
  const { target, directories, links } = restore;
  for await (const entry of included(restore)) {
    if (entry.type === "directory") {
      target.makeDirectory(entry.path);
      directories.push(entry);
    } else if (entry.target === undefined) yield fileAt(restore, entry);
    else links.push(entry);
  }
}

function fileAt({ target, ownership }: Restore, entry: Entry, content = entry): FileToWrite {
  target.prepareParent(entry.path);
  return { entry, content, path: target.place(entry.path), ownership };
}

async function writeLinks(restore: Restore): Promise<void> {
  const { target, ownership, done, links, options } = restore;
  for (const entry of links) {
    throwIfAborted(options.signal);
    target.prepareParent(entry.path);
    if (entry.type === "symlink") {
      await symlink(pathToBytes(entry.target), target.place(entry.path));
      await applyMeta(target.place(entry.path), entry, ownership);
      done.files += 1;
    } else if (options.include?.(entry.target) ?? true) await linkFile(restore, entry, entry.target);
    else await writeLinked(restore, entry);
  }
}

/** A hard link to a file that is not restored brings the content along. */
async function writeLinked(restore: Restore, entry: LinkEntry<"symlink" | "hardlink">): Promise<void> {
  const { reader, done, options } = restore;
  const content = await reader.entry(entry.target);
  if (content?.type !== "file") {
    const problem = `${entry.path} is a link to ${entry.target}, which is no file of this point`;
    throw new MusterError("repository-corrupt", problem);
  }
  await reader.writeFiles([fileAt(restore, entry, content)], { signal: options.signal });
  done.files += 1;
  done.bytes += content.size;
}

async function linkFile({ target, done }: Restore, entry: Entry, to: string): Promise<void> {
  target.prepareParent(to); // also refuses a way to it that leads through a link
  await link(target.place(to), target.place(entry.path));
  done.files += 1;
}

async function finishDirectories({ directories, target, ownership }: Restore): Promise<void> {
  directories.sort((a, b) => b.path.length - a.path.length); // a child's path is longer than its parent's
  for (const entry of directories) await applyMeta(target.place(entry.path), entry, ownership);
}

async function* paths(restore: Restore): AsyncGenerator<Buffer> {
  for await (const { type, path } of included(restore)) if (type !== "symlink") yield restore.target.place(path);
}
