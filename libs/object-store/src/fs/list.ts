import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode, throwIfAborted } from "@muster/core";
import type { ObjectInfo } from "../port.ts";
import { storeError } from "./errors.ts";

/** Walks the part of the tree that can hold the prefix; a directory that is not there holds nothing. */
export async function* listFiles(root: string, prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
  const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  yield* walk(root, start, prefix, signal);
}

async function* walk(root: string, folder: string, prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
  throwIfAborted(signal);
  for (const child of await children(join(root, folder))) {
    if (child.name.startsWith(".")) continue;
    const key = folder + child.name;
    if (child.isDirectory()) {
      const inside = `${key}/`;
      if (inside.startsWith(prefix) || prefix.startsWith(inside)) yield* walk(root, inside, prefix, signal);
    } else if (child.isFile() && key.startsWith(prefix)) {
      const info = await describe(join(root, key));
      if (info !== undefined) yield { key, ...info };
    }
  }
}

async function children(directory: string) {
  try {
    const found = await readdir(directory, { withFileTypes: true });
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return [];
    throw storeError(thrown, `list ${directory}`);
  }
}

/** Size and time of a file, or undefined when it is not there. */
export async function describe(path: string): Promise<{ size: number; modified: number } | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? { size: found.size, modified: Math.floor(found.mtimeMs) } : undefined;
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw storeError(thrown, `look at ${path}`);
  }
}
