import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createFileStore, openStore } from "@muster/object-store";
import { type DiskEntry, type Domain, initRepository, openRepository, restoreTree } from "@muster/repository";

/*
 * One run of Muster's data path as a program of its own: `muster.ts init|backup|restore REPOSITORY DIRECTORY`. The passphrase
 * is in BENCH_PASSPHRASE.
 */
const [verb = "", repository = "", directory = ""] = process.argv.slice(2);
const passphrase = process.env.BENCH_PASSPHRASE ?? "";

async function openDomain(): Promise<Domain> {
  return (await openRepository(await openStore(repository), { passphrase })).domain("bench");
}

function* walk(root: string, path: string): Generator<DiskEntry> {
  for (const name of readdirSync(join(root, path)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const inner = path === "" ? name : `${path}/${name}`;
    const absolutePath = join(root, inner);
    const stats = lstatSync(absolutePath, { bigint: true });
    yield { path: inner, absolutePath, stats };
    if (stats.isDirectory()) yield* walk(root, inner);
  }
}

async function backUp(): Promise<void> {
  const startedAt = Date.now();
  const writer = await (await openDomain()).beginPoint({ source: "bench", kind: "files", host: "bench", startedAt });
  let batch: DiskEntry[] = [];
  const store = async (): Promise<void> => {
    for (const { failure } of await writer.addFromDisk(batch)) if (failure !== undefined) throw failure;
    batch = [];
  };
  for (const found of walk(directory, "")) {
    batch.push(found);
    if (batch.length >= 128) await store();
  }
  await store();
  await writer.commit({ takenAt: startedAt });
}

async function restore(): Promise<void> {
  const domain = await openDomain();
  const latest = (await domain.listPoints()).at(-1);
  if (latest === undefined) throw new Error("no point");
  await restoreTree(await domain.openPoint(latest.id), directory);
}

const isAddress = repository.includes("://");
if (verb === "init")
  await initRepository(isAddress ? await openStore(repository) : await createFileStore(repository), { passphrase });
else if (verb === "backup") await backUp();
else if (verb === "restore") await restore();
else throw new Error(`unknown verb ${verb}`);
