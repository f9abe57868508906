import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startCluster, type TestCluster, type TestJobs, testJobs } from "@muster/agent/testing";
import { createFileStore, openStore } from "@muster/object-store";
import { initRepository, openRepository } from "@muster/repository";
import { median, storedMegabytes } from "./data-path/measure.ts";
import { type Cost, costOf } from "./postgres/cost.ts";
import { hasPgbackrest, type Pgbackrest, pgbackrest } from "./postgres/pgbackrest.ts";

/*
 * Physical backups of PostgreSQL: first, next after 3 % of the pages changed, restore, and restore onto a directory
 * in which 3 % changed since; Muster's jobs in their processes against
 * pgBackRest with two processes, on the same running cluster (pgbench, 2 GB at scale 1), zstd and encryption on, page checksums verified,
 * medians. Ratios are Muster / pgBackRest. BENCH_SCALE and BENCH_ROUNDS make it smaller.
 */
const run = promisify(execFile);
const scale = Number(process.env.BENCH_SCALE ?? 1);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "muster-bench-compile-cache"); // as bin/muster-agent does for its jobs
const say = (line: string) => process.stdout.write(`${line}\n`);

const steps = ["first", "next", "restore", "delta"] as const;
type Step = (typeof steps)[number];
interface Measured extends Cost {
  /** MB that the repository grew by. */
  readonly stored: number;
  readonly peak: number;
}
type Round = Readonly<Record<Step, Measured>>;

/** A tool's backup and its restore of the latest one, each with what it cost. */
interface Tool {
  backUp(kind: "first" | "next"): Promise<Measured>;
  restore(kind: "restore" | "delta"): Promise<Measured>;
}

async function muster(cluster: TestCluster, scratch: string): Promise<Tool> {
  const folder = mkdtempSync(join(scratch, "muster-"));
  const place = join(folder, "repository");
  await initRepository(await createFileStore(place), { passphrase: "bench" });
  const url = `file://${place}`;
  const grant = (await openRepository(await openStore(url), { passphrase: "bench" })).grant("bench");
  const { port, dataDirectory } = cluster;
  const source = { type: "postgres", method: "physical", port, dataDirectory, delta: true };
  const jobs: TestJobs = await testJobs(folder, source, url, grant);
  let latest: Awaited<ReturnType<TestJobs["backUp"]>>["point"] | undefined;
  return {
    async backUp() {
      const before = storedMegabytes(place);
      const { cost, result } = await costOf(() => jobs.backUp());
      latest = result.point;
      return { ...cost, stored: storedMegabytes(place) - before, peak: result.peakMemoryBytes / 1e6 };
    },
    async restore(kind) {
      const point = latest;
      if (point === undefined) throw new Error("there is no backup to restore");
      const { cost, result } = await costOf(() => jobs.restore(point, `${kind} ${point.pointId}`));
      return { ...cost, stored: 0, peak: result.peakMemoryBytes / 1e6 };
    },
  };
}

function peer(tool: Pgbackrest): Tool {
  const place = join(tool.repository, "backup"); // beside it, WAL is archived all the time
  return {
    async backUp(kind) {
      const before = storedMegabytes(place);
      const { cost } = await costOf(() => tool.run(`--type=${kind === "first" ? "full" : "diff"}`, "backup"));
      return { ...cost, stored: storedMegabytes(place) - before, peak: 0 };
    },
    async restore(kind) {
      const { cost } = await costOf(() => tool.run(...(kind === "delta" ? ["--delta"] : []), "restore"));
      return { ...cost, stored: 0, peak: 0 };
    },
  };
}

/** Changes about 3 % of the pages, here and there. */
async function change(cluster: TestCluster, round: number): Promise<void> {
  const rowsOfPage = 54;
  const every = rowsOfPage * 33;
  await cluster.query(`UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % ${every} = ${round * 7}`, "app");
  await cluster.query("CHECKPOINT", "app");
}

async function oneRound(cluster: TestCluster, tools: readonly Tool[], round: number): Promise<Round[]> {
  await cluster.query("CHECKPOINT");
  const firsts = await inTurn(tools, (tool) => tool.backUp("first"));
  await change(cluster, round);
  const nexts = await inTurn(tools, (tool) => tool.backUp("next"));
  await change(cluster, round + 1);
  await cluster.stop();
  const { dataDirectory } = cluster;
  const restores: Measured[] = [];
  const deltas: Measured[] = [];
  for (const tool of tools) {
    const kept = `${dataDirectory}.kept`;
    renameSync(dataDirectory, kept);
    restores.push(await tool.restore("restore"));
    rmSync(dataDirectory, { recursive: true });
    cpSync(kept, dataDirectory, { recursive: true, preserveTimestamps: true });
    execFileSync("chown", ["-R", `${cluster.account.uid}:${cluster.account.gid}`, dataDirectory]);
    deltas.push(await tool.restore("delta"));
    for (const name of readdirSync(cluster.home)) {
      if (name === "data" || name.startsWith("data.muster-")) rmSync(join(cluster.home, name), { recursive: true });
    }
    renameSync(kept, dataDirectory);
  }
  await cluster.start();
  return tools.map((_, n) => ({
    first: at(firsts, n),
    next: at(nexts, n),
    restore: at(restores, n),
    delta: at(deltas, n),
  }));
}

async function inTurn(tools: readonly Tool[], work: (tool: Tool) => Promise<Measured>): Promise<Measured[]> {
  const done: Measured[] = [];
  for (const tool of tools) done.push(await work(tool));
  return done;
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`there is no number ${index}`);
  return value;
}

function report(name: string, found: readonly Round[], other: readonly Round[] | undefined): void {
  say(`${name.padEnd(12)}    wall s     CPU s  stored MB  peak MB`);
  for (const step of steps) {
    const of = (from: readonly Round[], what: keyof Measured) => median(from.map((round) => round[step][what]));
    const figures = (["wall", "cpu", "stored", "peak"] as const).map((what) => of(found, what).toFixed(2).padStart(10));
    const ratios = (["wall", "cpu", "stored"] as const).map((what) =>
      other === undefined ? "" : ` ${what} ×${(of(found, what) / of(other, what)).toFixed(2)}`,
    );
    say(
      `  ${step.padEnd(10)}${figures.join("")}  ${step === "restore" || step === "delta" ? ratios.slice(0, 2).join("") : ratios.join("")}`,
    );
  }
}

const scratch = mkdtempSync(join(tmpdir(), "muster-bench-"));
const compared = await hasPgbackrest();
if (!compared) say("pgBackRest is not installed (Debian: pgbackrest): Muster alone");
try {
  const settings = { shared_buffers: "128MB", max_wal_size: "4GB", wal_keep_size: "64MB" };
  await using cluster = await startCluster({ settings });
  await cluster.query("CREATE DATABASE app");
  const target = ["-h", cluster.host, "-p", String(cluster.port), "-U", "postgres"];
  await run(join(cluster.bin, "pgbench"), [
    ...target,
    "-i",
    "-q",
    "-F",
    "90",
    "-s",
    String(Math.round(120 * scale)),
    "app",
  ]);
  const found: Round[][] = [];
  for (let round = 0; round < rounds; round++) {
    const rest = pgbackrest(cluster);
    if (compared) {
      await cluster.stop();
      await cluster.start(cluster.dataDirectory, rest.settings);
      await rest.run("stanza-create");
    }
    const tools = [await muster(cluster, scratch), ...(compared ? [peer(rest)] : [])];
    found.push(await oneRound(cluster, tools, round));
    rmSync(rest.repository, { recursive: true });
  }
  const [{ size = 0 } = {}] = await cluster.query("SELECT sum(pg_database_size(oid))::float8 AS size FROM pg_database");
  say(`${(Number(size) / 1e6).toFixed(0)} MB, ${rounds} rounds, load of the machine ${loadavg()[0]?.toFixed(1)}`);
  const others = compared ? found.map((round) => at(round, 1)) : undefined;
  report(
    "Muster",
    found.map((round) => at(round, 0)),
    others,
  );
  if (others !== undefined) report("pgBackRest", others, undefined);
} finally {
  rmSync(scratch, { recursive: true });
}
