import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobCost, startPostgres, type TestJobs, testJobs } from "@muster/agent/testing";
import { createFileStore, openStore } from "@muster/object-store";
import { initRepository, openRepository } from "@muster/repository";
import { makeLargeFile, makeSmallFiles } from "./data-path/data.ts";
import { storedMegabytes } from "./data-path/measure.ts";

/*
 * The agent's own jobs, in the processes that an agent starts: backup, backup of the same again, and restore of 2 GB of files
 * and of a PostgreSQL database whose dump has 1 GB. Peak memory is that of the job's process.
 */
const scale = Number(process.env.BENCH_SCALE ?? 1);
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "muster-bench-compile-cache"); // as bin/muster-agent does for its jobs
const say = (line: string) => process.stdout.write(`${line}\n`);

async function jobsFor(folder: string, source: Record<string, unknown>): Promise<TestJobs> {
  const place = join(folder, "repository");
  await initRepository(await createFileStore(place), { passphrase: "bench" });
  const url = `file://${place}`;
  const grant = (await openRepository(await openStore(url), { passphrase: "bench" })).grant("bench");
  return testJobs(folder, source, url, grant);
}

function report(step: string, megabytes: number, { seconds, peakMemoryBytes }: JobCost): void {
  const figures = [seconds, megabytes / seconds, peakMemoryBytes / 1e6].map((value) => value.toFixed(1).padStart(9));
  say(`  ${step.padEnd(8)}${figures.join("")}`);
}

async function measure(title: string, folder: string, source: Record<string, unknown>): Promise<void> {
  const jobs = await jobsFor(folder, source);
  const first = await jobs.backUp();
  const megabytes = Number(first.point.logicalBytes) / 1e6;
  const stored = storedMegabytes(join(folder, "repository"));
  say(`${title}: ${megabytes.toFixed(0)} MB, stored ${stored.toFixed(0)} MB\n               wall s     MB/s  peak MB`);
  report("first", megabytes, first);
  report("again", megabytes, await jobs.backUp());
  report("restore", megabytes, await jobs.restore(first.point, "bench"));
  await jobs.accept("bench");
}

async function files(scratch: string): Promise<void> {
  const folder = mkdtempSync(join(scratch, "files-"));
  const root = join(folder, "data");
  makeSmallFiles(root, Math.round(20_000 * scale));
  for (let n = 0; n < 7; n++) makeLargeFile(join(root, `large-${n}`), 250e6 * scale);
  await measure("files", folder, { type: "files", root });
}

async function postgres(scratch: string): Promise<void> {
  await using server = await startPostgres();
  await server.query("CREATE DATABASE shop");
  const rows = Math.round(9_000_000 * scale);
  await server.query(
    `CREATE TABLE orders AS SELECT g AS id, now() AS at, md5(g::text) || md5((g * 7)::text) AS code, g % 1000 AS customer
     FROM generate_series(1, ${rows}) g`,
    "shop",
  );
  await server.query("ALTER TABLE orders ADD PRIMARY KEY (id)", "shop");
  const folder = mkdtempSync(join(scratch, "postgres-"));
  const { port, password } = server;
  process.env.BENCH_PGPASSWORD = password;
  await measure("PostgreSQL dump", folder, {
    type: "postgres",
    port,
    passwordEnv: "BENCH_PGPASSWORD",
    databases: ["shop"],
  });
}

const scratch = mkdtempSync(join(tmpdir(), "muster-bench-"));
try {
  await files(scratch);
  await postgres(scratch);
} finally {
  rmSync(scratch, { recursive: true });
}
