import { lstat, mkdir, rename } from "node:fs/promises";
import { exists } from "../disk.ts";
import type { FilesConfig } from "./config.ts";
import { createFilter, ownNames } from "./filter.ts";
import { decodePath, joinBytes } from "./names.ts";
import { walk } from "./walk.ts";

/**
 * Moves what the source does not cover (excluded paths, sockets, fifos) from one tree to the other, each by one rename.
 * That data lives on through a restore and its roll back: the recovery point does not have it. A repeat moves what is left.
 * Returns how many were moved.
 */
export async function carryOver(config: FilesConfig, from: string, to: string, signal: AbortSignal): Promise<number> {
  if (!(await isDirectory(from)) || !(await isDirectory(to))) return 0;
  const filter = await createFilter(config);
  const left: string[] = [];
  for await (const { kind, relative } of walk(from, { filter, oneFileSystem: false, signal })) {
    if ((kind === "excluded" || kind === "special") && !ownNames.test(relative)) left.push(relative);
  }
  let moved = 0;
  for (const relative of left) {
    const target = joinBytes(Buffer.from(to), decodePath(relative));
    if (await exists(target)) continue;
    await makeParents(from, to, relative);
    await rename(joinBytes(Buffer.from(from), decodePath(relative)), target);
    moved += 1;
  }
  return moved;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await exists(path)) && (await lstat(path)).isDirectory();
}

/** Parents that the restored tree does not have get the mode of the old ones. */
async function makeParents(from: string, to: string, relative: string): Promise<void> {
  const parts = relative.split("/").slice(0, -1);
  for (const [index] of parts.entries()) {
    const part = decodePath(parts.slice(0, index + 1).join("/"));
    const target = joinBytes(Buffer.from(to), part);
    if (await exists(target)) continue;
    const { mode } = await lstat(joinBytes(Buffer.from(from), part));
    await mkdir(target, { mode: mode & 0o7777 });
  }
}
