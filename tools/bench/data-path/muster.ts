import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { mapLimit } from "@muster/core";
import { createFileStore, openStore } from "@muster/object-store";
import { type Domain, initRepository, openRepository, type PointWriter, restoreTree } from "@muster/repository";

/*
 * One run of Muster's data path as a program of its own: `muster.ts init|backup|restore REPOSITORY DIRECTORY`. The passphrase
 * is in BENCH_PASSPHRASE.
 */
const [verb = "", repository = "", directory = ""] = process.argv.slice(2);
const passphrase = process.env.BENCH_PASSPHRASE ?? "";

async function openDomain(): Promise<Domain> {
  return (await openRepository(await openStore(repository), { passphrase })).domain("bench");
}

async function* walk(root: string, path: string): AsyncGenerator<string> {
  for (const { name, ...found } of listOf(join(root, path))) {
    const inner = path === "" ? name : `${path}/${name}`;
    yield inner;
    if (found.directory) yield* walk(root, inner);
  }
}

function listOf(directory: string): { name: string; directory: boolean }[] {
  const children = readdirSync(directory, { withFileTypes: true });
  return children
    .map((child) => ({ name: child.name, directory: child.isDirectory() }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

async function addPath(writer: PointWriter, path: string): Promise<void> {
  const place = join(directory, path);
  const stats = lstatSync(place, { bigint: true });
  const { uid, gid, mtimeNs } = stats;
  const meta = { mode: Number(stats.mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs };
  if (stats.isDirectory()) await writer.addDirectory(path, meta);
  else if (stats.isSymbolicLink()) await writer.addSymlink(path, readlinkSync(place), meta);
  else await writer.addFileFromDisk(path, place, { stats });
}

async function backUp(): Promise<void> {
  const startedAt = Date.now();
  const writer = await (await openDomain()).beginPoint({ source: "bench", kind: "files", host: "bench", startedAt });
  await mapLimit(walk(directory, ""), 4, (path) => addPath(writer, path));
  await writer.commit({ takenAt: startedAt });
}

async function restore(): Promise<void> {
  const domain = await openDomain();
  const latest = (await domain.listPoints()).at(-1);
  if (latest === undefined) throw new Error("no point");
  await restoreTree(await domain.openPoint(latest.id), directory);
}

if (verb === "init") await initRepository(await createFileStore(repository), { passphrase });
else if (verb === "backup") await backUp();
else if (verb === "restore") await restore();
else throw new Error(`unknown verb ${verb}`);
