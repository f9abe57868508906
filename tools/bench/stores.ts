import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mapLimit } from "@muster/core";
import { createFileStore, type ObjectStore, openStore } from "@muster/object-store";
import { collect, type S3Site, startS3Site } from "@muster/object-store/testing";
import { run } from "../process/run.ts";
import { makeLargeFile } from "./data-path/data.ts";
import { measure, median } from "./data-path/measure.ts";
import { buildProgram, program } from "./data-path/program.ts";

/*
 * A repository in a directory against one in an S3 server on the same machine (SeaweedFS, as the tests start it): backup and
 * restore of 1 GB. What the server itself allows is measured with the same packs, four at a time and nothing else to do.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const megabytes = 1000;
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Speeds {
  readonly backup: number;
  readonly restore: number;
}

const step = async (scratch: string, ...args: string[]): Promise<number> =>
  (await measure([...program.argv, ...args], program.env, scratch)).wall;

async function throughMuster(repository: string, data: string, scratch: string): Promise<Speeds> {
  const target = mkdtempSync(join(scratch, "target-"));
  await step(scratch, "init", repository);
  const backup = await step(scratch, "backup", repository, data);
  return { backup: megabytes / backup, restore: megabytes / (await step(scratch, "restore", repository, target)) };
}

/** Copies every pack of a repository into a store and reads it again; MB of stored bytes per second. */
async function storeAlone(from: ObjectStore, to: ObjectStore): Promise<Speeds> {
  const packs = (await collect(from.list("bench/packs/"))).map(({ key, size }) => ({ key, size }));
  const bytes = packs.reduce((sum, { size }) => sum + size, 0);
  const speed = async (work: (key: string) => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await mapLimit(packs, 4, ({ key }) => work(key));
    return bytes / 1e3 / (performance.now() - start);
  };
  const backup = await speed(async (key) => to.put(key, await from.get(key)));
  return { backup, restore: await speed((key) => to.get(key)) };
}

async function oneRound(site: S3Site, data: string, scratch: string) {
  const place = join(mkdtempSync(join(scratch, "fs-")), "repository");
  const address = site.address(`${await site.makeBucket()}/r`, "admin");
  const fs = await throughMuster(place, data, scratch);
  const s3 = await throughMuster(address, data, scratch);
  const packs = await openStore(place);
  const copy = await createFileStore(join(mkdtempSync(join(scratch, "alone-")), "copy"));
  const alone = site.address(`${await site.makeBucket()}/alone`, "admin");
  return {
    fs,
    s3,
    fsAlone: await storeAlone(packs, copy),
    s3Alone: await storeAlone(packs, await openStore(alone)),
  };
}

const scratch = mkdtempSync(join(tmpdir(), "muster-bench-"));
const site = await startS3Site();
try {
  await buildProgram();
  const data = join(scratch, "data");
  mkdirSync(scratch, { recursive: true });
  makeLargeFile(data, megabytes * 1e6);
  await run("sync", []);
  const found: Awaited<ReturnType<typeof oneRound>>[] = [];
  for (let round = 0; round < rounds; round++) found.push(await oneRound(site, data, scratch));
  say("one file of 1 GB, MB/s                 backup  restore");
  const row = (title: string, of: (round: (typeof found)[number]) => Speeds): Speeds => {
    const backup = median(found.map((round) => of(round).backup));
    const restore = median(found.map((round) => of(round).restore));
    say(`  ${title.padEnd(34)}${backup.toFixed(0).padStart(9)}${restore.toFixed(0).padStart(9)}`);
    return { backup, restore };
  };
  const fs = row("Muster on a directory", (round) => round.fs);
  const s3 = row("Muster on S3", (round) => round.s3);
  say(
    `  ratio${`${(s3.backup / fs.backup).toFixed(2)}`.padStart(38)}${(s3.restore / fs.restore).toFixed(2).padStart(9)}`,
  );
  row("the packs alone, to a directory", (round) => round.fsAlone);
  row("the packs alone, to S3", (round) => round.s3Alone);
} finally {
  await site.stop();
  rmSync(scratch, { recursive: true });
}
