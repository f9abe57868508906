import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createFileStore, openStore } from "@muster/object-store";
import { type DiskEntry, type Domain, initRepository, openDomain, restoreTree } from "@muster/repository";

/*
 * One run of Muster's data path as a program of its own: `muster.ts init|backup|restore REPOSITORY DIRECTORY`. Like a job of the
 * agent it opens the repository with a grant, which `init` leaves in the file BENCH_GRANT.
 */
const [verb = "", repository = "", directory = ""] = process.argv.slice(2);
const grantFile = process.env.BENCH_GRANT ?? "";

async function init(): Promise<void> {
  const isAddress = repository.includes("://");
  const store = await (isAddress ? openStore(repository) : createFileStore(repository));
  const made = await initRepository(store, { passphrase: "bench" });
  writeFileSync(grantFile, JSON.stringify(made.grant("bench")));
}

async function granted(): Promise<Domain> {
  return openDomain(await openStore(repository), JSON.parse(readFileSync(grantFile, "utf8")));
}

function* walk(root: string, path: string): Generator<DiskEntry> {
  for (const name of readdirSync(`${root}/${path}`, { encoding: "buffer" }).sort(Buffer.compare)) {
    const inner = path === "" ? name.toString() : `${path}/${name}`;
    const absolutePath = `${root}/${inner}`;
    const stats = lstatSync(absolutePath, { bigint: true });
    yield { path: inner, absolutePath, stats };
    if (stats.isDirectory()) yield* walk(root, inner);
  }
}

async function backUp(): Promise<void> {
  const startedAt = Date.now();
  const writer = await (await granted()).beginPoint({ source: "bench", kind: "files", host: "bench", startedAt });
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
  const domain = await granted();
  const latest = (await domain.listPoints()).at(-1);
  if (latest === undefined) throw new Error("no point");
  await restoreTree(await domain.openPoint(latest.id), directory);
}

if (verb === "init") await init();
else if (verb === "backup") await backUp();
else if (verb === "restore") await restore();
else throw new Error(`unknown verb ${verb}`);
