import { createWriteStream } from "node:fs";
import { chmod, link, lstat, mkdir, readdir, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MusterError, systemErrorCode } from "@muster/core";
import type { Entry, PointReader } from "@muster/repository";
import { hardLinksEntry } from "../sources/files/names.ts";

type LinkEntry = Extract<Entry, { type: "hardlink" }>;

/**
 * Writes every entry of a recovery point under an empty or new directory: contents, modes, times and symbolic links. What the
 * entries mean (a dump, an RDB file, a tree) is for the reader. Throws `conflict` when the directory is not empty and
 * `repository-corrupt` for a path that leads out of it.
 */
export async function writeEntries(
  reader: PointReader,
  into: string,
  signal: AbortSignal,
  only?: string,
): Promise<{ entries: number; bytes: number }> {
  await emptyDirectory(into);
  let entries = 0;
  let bytes = 0;
  const directories: { path: string; entry: Entry }[] = [];
  const wanted = (path: string): boolean => only === undefined || path === only || path.startsWith(`${only}/`);
  const links: { path: string; entry: LinkEntry }[] = [];
  for await (const entry of reader.entries()) {
    if (!wanted(entry.path)) continue;
    const path = await safePlace(into, entry.path);
    if (entry.type === "directory") {
      await mkdir(path, { recursive: true, mode: 0o700 });
      directories.push({ path, entry });
    } else if (entry.type === "symlink") {
      await symlink(entry.target, path);
    } else if (entry.type === "hardlink" && wanted(entry.target)) {
      links.push({ path, entry });
    } else {
      const file = createWriteStream(path, { flags: "wx", mode: 0o600, flush: true });
      await pipeline(reader.read(entry, { signal }), file);
      bytes += file.bytesWritten;
      await setMeta(path, entry);
    }
    entries += 1;
  }
  if (only !== undefined && entries === 0) throw noEntry(only);
  for (const { path, entry } of links) await link(await safePlace(into, entry.target), path);
  await relink(reader, into, { signal, wanted });
  // Last and deepest first: a directory without write permission, or with an old time, takes no more entries.
  for (const { path, entry } of directories.reverse()) await setMeta(path, entry);
  return { entries, bytes };
}

interface Relink {
  readonly signal: AbortSignal;
  readonly wanted: (path: string) => boolean;
}

/** The files source notes which names are one file: they become one again. */
async function relink(reader: PointReader, into: string, { signal, wanted }: Relink): Promise<void> {
  const entry = await reader.entry(hardLinksEntry);
  if (entry === undefined) return;
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.read(entry, { signal })) chunks.push(chunk);
  for (const line of Buffer.concat(chunks).toString().split("\n").filter(Boolean)) {
    const [first, ...others] = (JSON.parse(line) as string[]).filter(wanted); // written by the files source's backup
    if (first === undefined) continue;
    for (const other of others) {
      const path = await safePlace(into, other);
      await rm(path);
      await link(await safePlace(into, first), path);
    }
  }
}

function noEntry(path: string): MusterError {
  return new MusterError("not-found", `the point has no entry ${path}`, {
    hint: "Restore all of it, and look at the paths below the directory.",
  });
}

async function emptyDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if ((await readdir(path)).length === 0) return;
  throw new MusterError("conflict", `${path} is not empty`, { hint: "Name a new or an empty directory with --into." });
}

/** The place of an entry: never out of the directory, neither by its own path nor through a link that was restored. */
async function safePlace(into: string, path: string): Promise<string> {
  const parts = path.split("/");
  const unsafe = parts.some((part) => part === "" || part === "." || part === "..") || path.includes("\0");
  if (unsafe) throw new MusterError("repository-corrupt", `the entry "${path}" does not stay in its directory`);
  let parent = into;
  for (const part of parts.slice(0, -1)) {
    parent = join(parent, part);
    if (await isSymlink(parent)) {
      throw new MusterError("repository-corrupt", `the entry "${path}" leads through the link ${parent}`);
    }
  }
  const place = join(into, ...parts);
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  return place;
}

async function isSymlink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

async function setMeta(path: string, { mode, mtimeNs }: Entry): Promise<void> {
  await chmod(path, mode & 0o777); // no setuid for whoever restores by hand
  const seconds = Number(mtimeNs) / 1e9;
  await utimes(path, seconds, seconds);
}
