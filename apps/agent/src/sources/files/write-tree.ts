import { chmod, lchown, link, lutimes, mkdir, rm, symlink, utimes } from "node:fs/promises";
import { MusterError, mapLimit, systemErrorCode } from "@muster/core";
import { type PointReader, pathToBytes, writeFileEntry } from "@muster/repository";
import { syncFileSystem } from "../disk.ts";
import { decodePath, hardLinksEntry, joinBytes, rootEntry } from "./names.ts";

type Entry = NonNullable<Awaited<ReturnType<PointReader["entry"]>>>;

const concurrency = 4;

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
  const directories: { path: Buffer; entry: Entry }[] = [];
  let bytes = 0;
  let items = 0;
  for await (const entry of directoriesOf(reader, place)) {
    await mkdir(entry.path, { mode: 0o700 });
    directories.push(entry);
  }
  await mapLimit(othersOf(reader, place), concurrency, async ({ path, entry }) => {
    if (entry.type === "symlink") await writeSymlink(path, entry);
    else {
      const written = await writeFile(reader, path, entry, signal);
      bytes += written;
      onBytes(written);
    }
    items += 1;
  });
  await relink(reader, place, signal);

  // Directories last and deepest first: writing into them changes their times, and their modes may forbid it.
  for (const { path, entry } of directories.reverse()) {
    await applyMeta(path, entry);
  }
  await syncFileSystem(target, signal);
  return { bytes, items: items + directories.length };
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

async function* placed(reader: PointReader, place: Place): AsyncGenerator<{ path: Buffer; entry: Entry }> {
  for await (const entry of reader.entries()) {
    const path = place(entry.path);
    if (path !== undefined) yield { path, entry };
  }
}

/** Directories in an order that has parents first, whatever the order of the entries. */
async function* directoriesOf(reader: PointReader, place: Place) {
  const found: { path: Buffer; entry: Entry }[] = [];
  for await (const item of placed(reader, place)) if (item.entry.type === "directory") found.push(item);
  yield* found.sort((a, b) => Buffer.compare(a.path, b.path));
}

async function* othersOf(reader: PointReader, place: Place) {
  for await (const item of placed(reader, place)) if (item.entry.type !== "directory") yield item;
}

async function writeSymlink(path: Buffer, entry: Entry & { type: "symlink" }): Promise<void> {
  await symlink(pathToBytes(entry.target), path);
  await own(path, entry);
  const seconds = Number(entry.mtimeNs) / 1e9;
  await lutimes(path, seconds, seconds);
}

async function writeFile(reader: PointReader, path: Buffer, entry: Entry, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  const onBytes = (count: number): void => {
    bytes += count;
  };
  const ownership = !isOurs(entry);
  await orOwnerHint(path, entry, () => writeFileEntry(reader, entry, entry, path, { signal, ownership, onBytes }));
  return bytes;
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

async function own(path: Buffer, entry: Entry): Promise<void> {
  if (!isOurs(entry)) await orOwnerHint(path, entry, () => lchown(path, entry.uid, entry.gid));
}

/** Whether what we make has that owner by itself. */
function isOurs({ uid, gid }: Entry): boolean {
  return process.getuid?.() === uid && process.getgid?.() === gid;
}

async function orOwnerHint(path: Buffer, { uid, gid }: Entry, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (systemErrorCode(cause) !== "EPERM") throw cause;
    throw new MusterError("source-failed", `may not give ${path.toString()} to user ${uid}, group ${gid}`, {
      cause,
      retryable: false,
      hint: "Run the agent as root, or as the user that owns the files.",
    });
  }
}
