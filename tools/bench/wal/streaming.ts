import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { startWalProcess, type TestCluster } from "@muster/agent/testing";
import { systemClock } from "@muster/core";
import { createFileStore } from "@muster/object-store";
import { initRepository } from "@muster/repository";
import { median, say } from "./report.ts";

const run = promisify(execFile);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const seconds = Number(process.env.BENCH_SECONDS ?? 15);
const sampleEvery = 50;

/** WAL to durable, and transactions per second with and without protection, in turns. */
export async function measureStreaming(server: TestCluster, scratch: string): Promise<void> {
  const place = join(scratch, "streamed");
  const repository = await initRepository(await createFileStore(place), { passphrase: "bench" });
  const target = { url: `file://${place}`, grant: repository.grant("bench") };
  await pgbench(server, "-i", "-s", "20", "-q");
  const plain: number[] = [];
  const withWal: number[] = [];
  const waits: number[] = [];
  for (let round = 0; round < rounds; round++) {
    plain.push(await load(server));
    const process = startWalProcess(scratch, server, target, { wal: "stream" });
    await caughtUp(server);
    const stop = new AbortController();
    const sampled = sampleWaits(server, stop.signal);
    withWal.push(await load(server));
    stop.abort();
    waits.push(...(await sampled));
    await caughtUp(server);
    await process.stop();
  }
  waits.sort((a, b) => a - b);
  const at = (share: number): string =>
    ((waits[Math.floor(share * (waits.length - 1))] ?? Number.NaN) / 1000).toFixed(2);
  say(
    `WAL to durable, ${waits.length} samples: median ${at(0.5)} s, 99th percentile ${at(0.99)} s, longest ${at(1)} s`,
  );
  const slowdown = (1 - median(withWal) / median(plain)) * 100;
  say(
    `pgbench: ${median(plain).toFixed(0)} tps without, ${median(withWal).toFixed(0)} with: ${slowdown.toFixed(1)} % slower`,
  );
}

async function load(server: TestCluster): Promise<number> {
  const said = await pgbench(server, "-c", "4", "-j", "1", "-T", String(seconds));
  return Number(/tps = ([\d.]+)/.exec(said)?.[1]);
}

async function pgbench({ bin, host, port, user }: TestCluster, ...args: string[]): Promise<string> {
  const { stdout } = await run(join(bin, "pgbench"), ["-h", host, "-p", String(port), "-U", user, ...args, "postgres"]);
  return stdout;
}

const positions = `SELECT (pg_current_wal_flush_lsn() - '0/0')::text AS flushed,
  (coalesce((SELECT max(flush_lsn) FROM pg_stat_replication), '0/0') - '0/0')::text AS durable`;

async function look(server: TestCluster): Promise<{ flushed: number; durable: number }> {
  const [row] = await server.query(positions);
  return { flushed: Number(row?.flushed), durable: Number(row?.durable) };
}

/** How long each sampled position took from flushed to durable, in milliseconds; the server hears of durable at once. */
async function sampleWaits(server: TestCluster, signal: AbortSignal): Promise<number[]> {
  let open: { time: number; flushed: number }[] = [];
  const waits: number[] = [];
  while (!signal.aborted || open.length > 0) {
    const before = systemClock.now();
    const { flushed, durable } = await look(server);
    const now = systemClock.now();
    if (!signal.aborted) open.push({ time: before, flushed });
    for (const sample of open) if (sample.flushed <= durable) waits.push(now - sample.time);
    open = open.filter((sample) => sample.flushed > durable);
    await new Promise((resolve) => setTimeout(resolve, sampleEvery));
  }
  return waits;
}

async function caughtUp(server: TestCluster): Promise<void> {
  for (const { flushed } = await look(server); (await look(server)).durable < flushed; ) {
    await new Promise((resolve) => setTimeout(resolve, sampleEvery));
  }
}
