import { chmod, lchown, lstat, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MusterError } from "@muster/core";
import type { Entry, FileToWrite, PointReader } from "@muster/repository";
import { exists, syncFileSystem, syncPath } from "../../disk.ts";
import type { SourceContext } from "../../source.ts";
import { controlPath } from "./control-file.ts";
import { dataEntry } from "./copy-files.ts";
import { withRecoverySettings } from "./recovery-settings.ts";
import type { RestorePlaces } from "./restore-places.ts";

/** Whom the restored files belong to; undefined: whoever restores. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface WriteRequest {
  readonly reader: PointReader;
  readonly places: RestorePlaces;
  readonly owner: Owner | undefined;
  readonly context: SourceContext;
  readonly total: number;
  /** The data directory that is there is an earlier or later state of the same cluster: what is the same is taken from it. */
  readonly delta: boolean;
}

export interface WrittenDirectory {
  readonly bytes: number;
  readonly items: number;
  /** Bytes that the old data directory and tablespaces had already. */
  readonly kept: number;
}

const autoConf = "postgresql.auto.conf";
/** Left out: the server would make the links by it that are made here, and to where the tablespaces were. */
const tablespaceMap = `${dataEntry}/tablespace_map`;

/**
 * Stages the data directory and its tablespaces, durable. `global/pg_control` is written last, when all else is on the disk: without it no
 * server starts on what an interrupted restore leaves.
 */
export async function writeDataDirectory(request: WriteRequest): Promise<WrittenDirectory> {
  const { reader, places, context, owner } = request;
  const { staging } = places.data;
  const done = { bytes: 0, items: 0, kept: 0 };
  const directories: { path: string; mode: number }[] = [];
  const later: Entry[] = [];
  const onBytes = (count: number): void => {
    done.bytes += count;
    context.progress(done.bytes, request.total, "bytes", "staging");
  };
  const files = async function* (): AsyncGenerator<FileToWrite> {
    for await (const entry of reader.entries()) {
      if (entry.path === tablespaceMap) continue;
      const path = pathOf(entry.path, places);
      if (entry.type === "directory") {
        await mkdir(path, { recursive: true, mode: 0o700 });
        directories.push({ path, mode: entry.mode });
      } else if (entry.type === "symlink") await symlink(entry.target, path);
      else if (entry.path === `${dataEntry}/${controlPath}`) later.push(entry);
      else {
        const like = request.delta ? await oldFile(entry, path, places) : undefined;
        const file = toWrite(entry, path, owner);
        if (like === undefined) yield file;
        else done.kept += await reader.writeLike(file, like, { signal: context.signal, onBytes });
      }
      done.items += 1;
    }
  };
  await makeOwned(staging, owner);
  for (const tablespace of places.tablespaces) await makeOwned(tablespace.staging, owner);
  await reader.writeFiles(files(), { signal: context.signal, onBytes });
  const [control] = later;
  if (control === undefined) throw new MusterError("repository-corrupt", `the point has no ${controlPath}`);

  await linkTablespaces(places, owner);
  await writeRecoverySettings(staging, owner);
  directories.push({ path: staging, mode: await rootMode(request) });
  for (const { path, mode } of directories.reverse()) await finishDirectory(path, mode, owner);
  for (const root of [staging, ...places.tablespaces.map((one) => one.staging)]) {
    await syncFileSystem(root, context.signal);
  }
  await reader.writeFiles([toWrite(control, join(staging, controlPath), owner)], { signal: context.signal, onBytes });
  await syncPath(join(staging, controlPath));
  await syncPath(dirname(join(staging, controlPath)));
  return done;
}

/** The place of an entry; those of tablespaces are not in the data directory. */
function pathOf(entryPath: string, { data, tablespaces }: RestorePlaces): string {
  if (!entryPath.startsWith(`${dataEntry}/`)) throw unexpected(entryPath);
  const path = entryPath.slice(dataEntry.length + 1);
  const inTablespace = /^pg_tblspc\/(\d+)\/[^/]+(?:\/(.*))?$/.exec(path);
  if (inTablespace === null) return join(data.staging, path);
  const place = tablespaces.find(({ oid }) => oid === inTablespace[1]);
  if (place === undefined) throw unexpected(entryPath);
  return inTablespace[2] === undefined ? place.staging : join(place.staging, inTablespace[2]);
}

/** Bytes from which comparing with an old file pays. */
const comparedFrom = 64 * 1024;

/** The file that has the place of a staged one now, if it is worth comparing. */
async function oldFile(entry: Entry, staged: string, places: RestorePlaces): Promise<string | undefined> {
  if (entry.size < comparedFrom) return undefined;
  for (const { staging, root, how } of [places.data, ...places.tablespaces]) {
    if (how !== "whole" || !staged.startsWith(`${staging}/`)) continue;
    const old = join(root, staged.slice(staging.length + 1));
    return (await exists(old)) ? old : undefined;
  }
  return undefined;
}

function unexpected(path: string): MusterError {
  return new MusterError("repository-corrupt", `the point has the entry ${path}, which no physical backup makes`);
}

function toWrite(entry: Entry, path: string, owner: Owner | undefined): FileToWrite {
  const owned = owner === undefined ? entry : { ...entry, ...owner };
  return { entry: owned, content: entry, path: Buffer.from(path), ownership: owner !== undefined };
}

async function linkTablespaces({ data, tablespaces }: RestorePlaces, owner: Owner | undefined): Promise<void> {
  for (const { oid, location } of tablespaces) {
    const link = join(data.staging, "pg_tblspc", oid);
    await symlink(location, link);
    if (owner !== undefined) await lchown(link, owner.uid, owner.gid);
  }
}

/** Recovery follows `recovery.signal`; its settings go where they win over postgresql.conf. */
async function writeRecoverySettings(staging: string, owner: Owner | undefined): Promise<void> {
  const path = join(staging, autoConf);
  const before = (await exists(path)) ? await readFile(path, "utf8") : "";
  await writeFile(path, withRecoverySettings(before), { mode: 0o600 });
  const signal = join(staging, "recovery.signal");
  await writeFile(signal, "", { mode: 0o600 });
  if (owner === undefined) return;
  for (const one of [path, signal]) await lchown(one, owner.uid, owner.gid);
}

/** PostgreSQL starts only where the group may at most read: 0700 or 0750. */
async function rootMode({ places }: WriteRequest): Promise<number> {
  if (!places.data.existed) return 0o700;
  return ((await lstat(places.data.root)).mode & 0o050) === 0o050 ? 0o750 : 0o700;
}

/** Makes a directory; those above it that are missing get the same owner, so that the server can enter. */
async function makeOwned(path: string, owner: Owner | undefined): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined || owner === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) await lchown(at, owner.uid, owner.gid);
}

async function finishDirectory(path: string, mode: number, owner: Owner | undefined): Promise<void> {
  if (owner !== undefined) await lchown(path, owner.uid, owner.gid);
  await chmod(path, mode);
}
