import { chown, copyFile, link, mkdir, open, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MusterError } from "@muster/core";
import type { PointReader } from "@muster/repository";
import { exists, removeTree, syncPath } from "../disk.ts";
import { runTool } from "../process.ts";
import type { SourceContext } from "../source.ts";
import { snapshotEntry } from "./backup.ts";
import type { Server } from "./config.ts";
import type { Target } from "./target.ts";

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Makes the data directory when a disaster took it; its owner by agent.yaml or the recovery point. */
export async function ensureDirectory({ directory, owner }: Target): Promise<void> {
  if (await exists(directory)) return;
  await mkdir(directory, { recursive: true, mode: 0o750 });
  if (owner !== null) await giveTo(directory, owner);
  await syncPath(dirname(directory));
}

/** The names in the data directory that a restore replaces: the snapshot, and the append-only file if it is or was on. */
export async function namesToReplace(target: Target): Promise<string[]> {
  const append = target.multiPart ? target.appendDirectory : target.appendFilename;
  const withAppend = target.appendOnly || (await exists(join(target.directory, append)));
  return [target.dbfilename, ...(withAppend ? [append] : [])];
}

/**
 * Writes the snapshot, and beside it an append-only file of the same content (Redis reads that one first), all durable,
 * into the empty directory `staging`. Returns the snapshot's bytes.
 */
export async function stageSnapshot(
  server: Server,
  target: Target,
  names: readonly string[],
  staging: string,
  reader: PointReader,
  context: SourceContext,
): Promise<number> {
  const owner = await ownerOf(target);
  await removeTree(staging);
  await mkdir(staging, { mode: 0o700 });
  const snapshot = join(staging, target.dbfilename);
  const bytes = await writeSnapshot(snapshot, reader, context);
  await giveTo(snapshot, owner);
  await requireSound(server, snapshot, context);
  const [, append] = names;
  if (append !== undefined) await stageAppendOnly(target, join(staging, append), snapshot, owner);
  await syncPath(staging);
  return bytes;
}

async function writeSnapshot(path: string, reader: PointReader, context: SourceContext): Promise<number> {
  const entry = await reader.entry(snapshotEntry);
  if (entry === undefined) throw new MusterError("point-missing", `the recovery point has no entry "${snapshotEntry}"`);
  await using file = await open(path, "wx", 0o660);
  await file.chmod(0o660); // whatever the umask is
  let bytes = 0;
  for await (const chunk of reader.read(entry, { signal: context.signal })) {
    await file.writeFile(chunk);
    bytes += chunk.length;
    context.progress(bytes, 0, "bytes", "writing the snapshot");
  }
  await file.sync();
  return bytes;
}

/** Asks redis-check-rdb, where it is installed, before anything is replaced. */
async function requireSound({ config }: Server, path: string, { signal, log }: SourceContext): Promise<void> {
  const name = "redis-check-rdb";
  const program = config.binDirectory === undefined ? name : join(config.binDirectory, name);
  try {
    await runTool({ argv: [program, path], signal });
  } catch (cause) {
    if (!(cause instanceof MusterError) || cause.code === "cancelled") throw cause;
    if (cause.code === "tool-missing") return log.info(`${name} is not installed: the snapshot was not checked by it`);
    throw new MusterError("repository-corrupt", `${name} rejects the snapshot: ${cause.message}`, { cause });
  }
}

/**
 * The layout of Redis 7 (src/aof.c): a manifest that names one base (an RDB) and an empty increment. Before that, one file
 * with an RDB preamble, which an RDB alone is. Hard links: Redis replaces these files, it never changes an RDB in place.
 */
async function stageAppendOnly(target: Target, path: string, snapshot: string, owner: Owner): Promise<void> {
  if (!target.multiPart) {
    // This one grows in place: it must not share its bytes with the snapshot.
    await copyFile(snapshot, path);
    await giveTo(path, owner);
    return syncPath(path);
  }
  const name = basename(target.appendFilename);
  const base = `${name}.1.base.rdb`;
  const increment = `${name}.1.incr.aof`;
  const manifest = `file ${base} seq 1 type b\nfile ${increment} seq 1 type i\n`;
  await mkdir(path, { mode: 0o755 });
  await link(snapshot, join(path, base));
  await writeFile(join(path, increment), "", { mode: 0o644, flush: true });
  await writeFile(join(path, `${name}.manifest`), manifest, { mode: 0o644, flush: true });
  for (const part of ["", increment, `${name}.manifest`]) await giveTo(join(path, part), owner);
  await syncPath(path);
}

/** The owner of the snapshot that is there, else of the directory. */
async function ownerOf({ directory, dbfilename }: Target): Promise<Owner> {
  const old = join(directory, dbfilename);
  return stat((await exists(old)) ? old : directory);
}

async function giveTo(path: string, { uid, gid }: Owner): Promise<void> {
  const now = await stat(path);
  if (now.uid !== uid || now.gid !== gid) await chown(path, uid, gid);
}
