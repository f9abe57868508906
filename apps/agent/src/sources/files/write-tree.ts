import { chmod, lchown, link, lutimes, mkdir, rm, symlink, utimes } from "node:fs/promises";
import { systemErrorCode } from "@muster/core";
import { type FileToWrite, ownerRefused, type PointReader, pathToBytes, treeSync } from "@muster/repository";
import { decodePath, hardLinksEntry, joinBytes, rootEntry } from "./names.ts";

type Entry = NonNullable<Awaited<ReturnType<PointReader["entry"]>>>;

export interface WrittenTree {
  readonly bytes: number;
  readonly items: number;
}

/**
 * Writes the entries of root number `index` at `target`, which must not exist: contents, modes, owners, times, links; all
 * durable. Names may be any bytes, which is why this does not go by the repository's own tree restore.
 */
export async function writeTree(
  reader: PointReader,
  index: number,
  target: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<WrittenTree> {
  const place = placer(index, target);
  const directories: Placed[] = [];
  const links: Placed[] = [];
  let bytes = 0;
  let items = 0;
  const files = async function* (): AsyncGenerator<FileToWrite> {
    for await (const { path, entry } of placed(reader, place)) {
      items += 1;
      if (entry.type === "file") yield { path, entry, content: entry, ownership: true };
      else if (entry.type === "symlink") links.push({ path, entry });
      else {
        await mkdir(path, { mode: 0o700 });
        directories.push({ path, entry });
      }
    }
  };
  const sync = treeSync(target, () => regular(reader, place), signal);
  try {
    await reader.writeFiles(files(), {
      signal,
      onBytes(count) {
        bytes += count;
        sync.wrote(count);
        onBytes(count);
      },
    });
    for (const { path, entry } of links) await writeSymlink(path, entry);
    await relink(reader, place, signal);

    // Directories last and deepest first: writing into them changes their times, and their modes may forbid it.
    for (const { path, entry } of directories.reverse()) await applyMeta(path, entry);
    await sync.finish();
  } finally {
    await sync.settled();
  }
  return { bytes, items };
}

interface Placed {
  readonly path: Buffer;
  readonly entry: Entry;
}

type Place = (entryPath: string) => Buffer | undefined;

function placer(index: number, target: string): Place {
  const prefix = rootEntry(index);
  const base = Buffer.from(target);
  return (path) => {
    if (path === prefix) return base;
    return path.startsWith(`${prefix}/`) ? joinBytes(base, decodePath(path.slice(prefix.length + 1))) : undefined;
  };
}

/** The entries below the target, a directory before what is in it: our backup stores them so. */
async function* placed(reader: PointReader, place: Place): AsyncGenerator<Placed> {
  for await (const entry of reader.entries()) {
    const path = place(entry.path);
    if (path !== undefined) yield { path, entry };
  }
}

/** The paths of all that is no symbolic link. */
async function* regular(reader: PointReader, place: Place): AsyncGenerator<Buffer> {
  for await (const { path, entry } of placed(reader, place)) if (entry.type !== "symlink") yield path;
}

async function writeSymlink(path: Buffer, entry: Entry): Promise<void> {
  await symlink(pathToBytes(entry.target ?? ""), path);
  await own(path, entry);
  const seconds = Number(entry.mtimeNs) / 1e9;
  await lutimes(path, seconds, seconds);
}

/** Makes names of one file one file again. */
async function relink(reader: PointReader, place: Place, signal: AbortSignal): Promise<void> {
  const entry = await reader.entry(hardLinksEntry);
  if (entry === undefined) return;
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.read(entry, { signal })) chunks.push(chunk);
  for (const line of Buffer.concat(chunks).toString().split("\n").filter(Boolean)) {
    const paths = (JSON.parse(line) as string[]).flatMap((name) => place(name) ?? []); // written by our backup
    const [first, ...others] = paths;
    for (const other of first === undefined ? [] : others) {
      await rm(other);
      await link(first as Buffer, other); // defined: the loop is empty otherwise
    }
  }
}

async function applyMeta(path: Buffer, entry: Entry): Promise<void> {
  await own(path, entry);
  await chmod(path, entry.mode); // after the owner: a change of owner clears set-id bits
  const seconds = Number(entry.mtimeNs) / 1e9;
  await utimes(path, seconds, seconds);
}

/** Also where it is ours: in a directory with the set-group-id bit, what we make has another group. */
async function own(path: Buffer, entry: Entry): Promise<void> {
  const { uid, gid } = entry;
  try {
    await lchown(path, uid, gid);
  } catch (cause) {
    if (systemErrorCode(cause) !== "EPERM") throw cause;
    throw ownerRefused(path, uid, gid, cause);
  }
}
