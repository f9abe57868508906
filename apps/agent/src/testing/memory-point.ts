import { lstat, readFile, readlink } from "node:fs/promises";
import { MusterError, systemErrorCode } from "@muster/core";
import type {
  BlockFile,
  DiskEntry,
  FileToWrite,
  PointReader,
  PointWriter,
  WriteFilesOptions,
} from "@muster/repository";
import { writeFilesHere } from "@muster/repository/testing";

type Meta = Parameters<PointWriter["addDirectory"]>[1];

interface Stored {
  readonly entry: Record<string, unknown>;
  readonly content: Buffer;
}

/** A recovery point in memory: what was written and not aborted can be read back. For tests of sources without a repository. */
export function memoryPoint(text?: string) {
  const entries = new Map<string, Stored>(text === undefined ? [] : parse(text));
  const add = (path: string, entry: Record<string, unknown>, meta: Meta, content = Buffer.alloc(0)): void => {
    if (entries.has(path)) throw new MusterError("internal", `the entry ${path} was added twice`);
    entries.set(path, { entry: { path, ...entry, ...meta }, content });
  };
  const addFound = async (path: string, place: string | Buffer) => {
    const stats = await lstat(place, { bigint: true });
    const meta = { mode: Number(stats.mode) & 0o7777, uid: Number(stats.uid), gid: Number(stats.gid) };
    const content = stats.isFile() ? await readFile(place) : Buffer.alloc(0);
    const entry = { type: stats.isFile() ? "file" : "directory", size: content.length };
    const link = stats.isSymbolicLink() ? { type: "symlink", target: await readlink(place) } : {};
    add(path, { ...entry, ...link }, { ...meta, mtimeNs: stats.mtimeNs }, content);
    return { bytes: content.length, unchanged: false, changed: false };
  };
  const writer = {
    addDirectory: async (path: string, meta: Meta) => add(path, { type: "directory" }, meta),
    addSymlink: async (path: string, target: string, meta: Meta) => add(path, { type: "symlink", target }, meta),
    addFile: async (path: string, meta: Meta, content: AsyncIterable<Uint8Array>) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
      const whole = Buffer.concat(chunks);
      add(path, { type: "file", size: whole.length }, meta, whole);
    },
    addFromDisk: async (found: readonly DiskEntry[]) => {
      const stored = [];
      for (const { path, absolutePath } of found) stored.push(await addFound(path, absolutePath).catch(unreadable));
      return stored;
    },
    id: "point_1",
    previous: undefined,
    addBlocks: async (files: readonly BlockFile[]) => {
      const stored = [];
      for (const { path, absolutePath } of files) {
        stored.push({ ...(await addFound(path, absolutePath).catch(unreadable)), badPages: [] });
      }
      return stored;
    },
  };
  async function* read({ path }: { path: string }) {
    const content = entries.get(path)?.content ?? Buffer.alloc(0);
    for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
  }
  const reader = {
    async *entries() {
      for (const path of [...entries.keys()].sort()) yield entries.get(path)?.entry;
    },
    entry: async (path: string) => entries.get(path)?.entry,
    read,
    writeFiles: (files: AsyncIterable<FileToWrite>, options: WriteFilesOptions = {}) =>
      writeFilesHere(read, files, options),
    async writeLike(file: FileToWrite) {
      await writeFilesHere(read, [file], {});
      return 0;
    },
  };
  return {
    // Sources use the named members only, which these are.
    writer: writer as unknown as PointWriter,
    reader: reader as unknown as PointReader,
    paths: () => [...entries.keys()].sort(),
    /** The whole point, for a restore in another process: give it to `memoryPoint` there. */
    text: () => JSON.stringify([...entries], textValue),
    content: (path: string) => entries.get(path)?.content,
  };
}

/** How a repository tells of what it could not read. */
function unreadable(cause: unknown) {
  if (systemErrorCode(cause) === undefined) throw cause;
  const failure = new MusterError("source-failed", String(cause), { cause });
  return { bytes: 0, unchanged: false, changed: false, failure };
}

/** JSON has neither bigint nor bytes. A Buffer arrives here in its own JSON form. */
function textValue(key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return key === "content" ? Buffer.from((value as { data: number[] }).data).toString("base64") : value;
}

function parse(text: string): [string, Stored][] {
  const stored = JSON.parse(text) as [string, { entry: Record<string, unknown>; content: string }][]; // made by `text`
  return stored.map(([path, { entry, content }]) => [
    path,
    { entry: { ...entry, mtimeNs: BigInt(String(entry.mtimeNs)) }, content: Buffer.from(content, "base64") },
  ]);
}
