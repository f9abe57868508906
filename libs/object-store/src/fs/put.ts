import { randomUUID } from "node:crypto";
import { type FileHandle, link, open, readdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { partsOf } from "../port.ts";
import { type DirectorySync, makeDirectory, writeDurably } from "./durable.ts";
import { storeError } from "./errors.ts";

/** Where objects are written before they get their name; never listed. A crash leaves files here, no more. */
export const stagingDirectory = ".staging";

/** What a writer remembers of the tree: directories that are known to be there and durable. */
export interface WriterState {
  readonly root: string;
  readonly names: DirectorySync;
  readonly known: Set<string>;
}

/** Fills a new file, which is open and at that path, and makes its content durable. */
type Write = (handle: FileHandle, path: string) => Promise<void>;

/** Creates a file from bytes in memory, as `createFile` does. */
export function putFile(state: WriterState, key: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
  return createFile(state, key, (handle, staged) => writeDurably(handle, staged, partsOf(bytes)));
}

/**
 * Creates a file atomically and durably: staged, written and synced by `write`, then linked to its name. `link` fails
 * when the name is taken, which `rename` does not. What `write` throws is thrown, and no file is left.
 */
export async function createFile(state: WriterState, key: string, write: Write): Promise<void> {
  const path = join(state.root, key);
  const staged = join(state.root, stagingDirectory, randomUUID());
  try {
    await ensureDirectory(state, join(state.root, stagingDirectory));
    await ensureDirectory(state, dirname(path));
    await stage(staged, write);
    await name(staged, path, key);
    await state.names.sync(dirname(path));
  } catch (thrown) {
    throw storeError(thrown, `write ${path}`);
  } finally {
    await unlink(staged).catch(() => undefined); // already named or never made: both are fine
  }
}

/** Removes the staged files of a root that were last written before then, in milliseconds since the Unix epoch. */
export async function removeStaged(root: string, before: number): Promise<void> {
  const folder = join(root, stagingDirectory);
  for (const name of await readdir(folder).catch(noneIfMissing)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: before })); // it has just got its name
    if (mtimeMs < before) await unlink(path).catch(() => undefined);
  }
}

function noneIfMissing(thrown: unknown): string[] {
  if (systemErrorCode(thrown) === "ENOENT") return [];
  throw storeError(thrown, "look for what crashes have left");
}

async function ensureDirectory(state: WriterState, directory: string): Promise<void> {
  if (state.known.has(directory)) return;
  await makeDirectory(state.root, directory, state.names);
  state.known.add(directory);
}

async function stage(path: string, write: Write): Promise<void> {
  const handle = await open(path, "wx", 0o640);
  try {
    await write(handle, path);
  } finally {
    await handle.close();
  }
}

async function name(staged: string, path: string, key: string): Promise<void> {
  try {
    await link(staged, path);
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === "EEXIST") throw new MusterError("object-exists", `${key} exists already`, { cause: thrown });
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw thrown;
    throw new MusterError("store-unavailable", `cannot link ${path}`, {
      cause: thrown,
      hint: "The file system of a repository must support hard links (ext4, xfs, btrfs, zfs, nfs do).",
      retryable: false,
    });
  }
}
