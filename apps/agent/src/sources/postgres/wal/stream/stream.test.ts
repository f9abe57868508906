import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { MusterError } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import type { ObjectStore } from "@muster/object-store";
import { gaps, type SourceLog, supersededRanges } from "@muster/repository";
import { expect, test } from "vitest";
import { parseLsn, segmentName, segmentStart } from "../lsn.ts";
import { type FoundRecord, walScanner } from "../records/scanner.ts";
import { protectServer } from "../testing/protected-server.ts";

const run = promisify(execFile);
const segmentSize = 16 * 2 ** 20;
const limit = { timeout: 120_000 };

async function readRange(log: SourceLog, timeline: number, start: bigint, end: bigint): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of log.read({ timeline, start, end }, await log.list())) pieces.push(piece);
  return Buffer.concat(pieces);
}

test(
  "the log has the server's WAL byte for byte, whole segments as one object, and finds every commit",
  limit,
  async () => {
    await using site = await protectServer();
    const { server } = site;
    await server.query("CREATE TABLE t (n int, filler text)");
    const first = await site.caughtUp();
    for (let n = 0; n < 20; n++)
      await server.query(`INSERT INTO t SELECT ${n}, repeat(md5(i::text), 20) FROM generate_series(1, 400) i`);
    await server.query("SELECT pg_create_restore_point('before the switch')");
    await server.query("SELECT pg_switch_wal()");
    await server.query("INSERT INTO t VALUES (-1, '')");
    await site.caughtUp();

    const log = await site.log();
    const { ranges } = await log.list();
    expect(gaps(ranges, 1)).toEqual([]);
    const begin = segmentStart(first, segmentSize);
    const name = segmentName({ timeline: 1, start: begin }, segmentSize);
    const file = await readFile(join(server.dataDirectory, "pg_wal", name));
    expect((await readRange(log, 1, begin, begin + BigInt(segmentSize))).equals(file)).toBe(true);
    await waitFor("compaction", async () => {
      const now = (await log.list()).ranges;
      return (
        supersededRanges(now).length > 0 &&
        now.some(({ start, end }) => start === begin && end - start === BigInt(segmentSize))
      );
    });

    const found: FoundRecord[] = [];
    const scanner = walScanner({ start: begin, segmentSize, pageSize: 8192 }, (record) => found.push(record));
    for (let at = 0; at < file.length; at += 1013) scanner.feed(file.subarray(at, at + 1013)); // odd pieces
    const { stdout } = await run("/usr/lib/postgresql/15/bin/pg_waldump", [
      "-r",
      "Transaction",
      join(server.dataDirectory, "pg_wal", name),
    ]);
    const commits = [...stdout.matchAll(/tx:\s+(\d+), lsn: (\S+), .*desc: COMMIT (\S+ \S+) UTC/g)];
    expect(commits.length).toBeGreaterThan(10);
    const dumped = commits.map(([, xid, lsn, time]) => [
      Number(xid),
      parseLsn(lsn ?? ""),
      Date.parse(`${time?.slice(0, 23).replace(" ", "T")}Z`),
    ]);
    const scanned = found.flatMap(({ lsn, record }) =>
      record.kind === "commit" ? [[record.xid, lsn, Math.floor(record.time)]] : [],
    );
    expect(scanned).toEqual(dumped);
    expect(found.flatMap(({ record }) => (record.kind === "restore-point" ? [record.name] : []))).toEqual([
      "before the switch",
    ]);
  },
);

test("an idle database costs no objects and its exposure stays small", limit, async () => {
  await using site = await protectServer();
  await site.server.query("CREATE TABLE t (n int)");
  await site.server.query("CHECKPOINT");
  await site.caughtUp();
  const log = await site.log();
  const before = (await log.list()).ranges.length;
  const since = site.status().protectedUntil ?? 0;
  await waitFor("some seconds to pass", () => (site.status().protectedUntil ?? 0) > since + 4000);
  expect((await log.list()).ranges.length).toBe(before);
  expect(site.status()).toMatchObject({ state: "streaming", lagBytes: 0 });
  expect(site.status().exposureMs).toBeLessThan(5000);
});

test("the server keeps its WAL until it is durable, through failures of the store and a new agent", limit, async () => {
  let broken = false;
  const wrap = (store: ObjectStore): ObjectStore => ({
    ...store,
    put: async (key, bytes, options) => {
      if (broken) throw new MusterError("store-unavailable", "injected");
      return store.put(key, bytes, options);
    },
  });
  await using site = await protectServer({ wrap });
  const { server } = site;
  await server.query("CREATE TABLE t (n int, filler text)");
  const before = await site.caughtUp();
  broken = true;
  await server.query("INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i");
  await waitFor("the store's failure to show", () => site.status().state === "stalled");
  const [slot] = await server.query("SELECT restart_lsn::text AS lsn FROM pg_replication_slots");
  expect(parseLsn(String(slot?.lsn)) <= before).toBe(true);
  expect(site.status().exposureMs).toBeGreaterThan(0);
  broken = false;
  await site.caughtUp();
  await waitFor("streaming", () => site.status().state === "streaming");
  await site.stop();
  await server.query("INSERT INTO t SELECT i, repeat('y', 500) FROM generate_series(1, 20000) i");
  site.resume();
  await site.caughtUp();
  expect(gaps((await (await site.log()).list()).ranges, 1)).toEqual([]);
});

test("a server that is killed and started again is followed without a gap", limit, async () => {
  await using site = await protectServer();
  const { server } = site;
  await server.query("CREATE TABLE t (n int)");
  await site.caughtUp();
  await server.query("INSERT INTO t SELECT generate_series(1, 50000)");
  await server.stop("SIGQUIT");
  await waitFor("the loss to show", () => site.status().state === "disconnected");
  await server.start();
  await server.query("INSERT INTO t SELECT generate_series(1, 50000)");
  await site.caughtUp();
  const log = await site.log();
  expect(gaps((await log.list()).ranges, 1)).toEqual([]);
  expect(site.status().state).toBe("streaming");
});

test("WAL that the slot has lost is a gap with a name, and protection goes on behind it", limit, async () => {
  await using site = await protectServer();
  const { server } = site;
  await server.query("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'");
  await server.query("ALTER SYSTEM SET min_wal_size = '32MB'");
  await server.query("ALTER SYSTEM SET max_wal_size = '32MB'");
  await server.query("SELECT pg_reload_conf()");
  await server.query("CREATE TABLE t (filler text)");
  await site.caughtUp();
  await site.stop();
  for (let n = 0; n < 6; n++) {
    await server.query("INSERT INTO t SELECT repeat(md5(i::text), 10) FROM generate_series(1, 40000) i");
    await server.query("SELECT pg_switch_wal()");
    await server.query("CHECKPOINT");
  }
  site.resume();
  await site.caughtUp();
  expect(site.status().gaps).toHaveLength(1);
  expect(gaps((await (await site.log()).list()).ranges, 1)).toHaveLength(1);
});

test("another cluster, or one with another past of the same name, is refused", limit, async () => {
  await using site = await protectServer();
  await site.server.query("CREATE TABLE t (n int)");
  await site.caughtUp();
  await site.stop();
  const log = await site.log();
  const { ranges } = await log.list();
  const end = ranges.at(-1)?.end ?? 0n;
  const writer = await site.domain.writeLog({ source: "main", identity: log.identity, properties: log.properties });
  await site.server.query("INSERT INTO t SELECT generate_series(1, 1000)");
  await writer.append({ timeline: 1, start: end, end: end + 64n }, [Buffer.alloc(64, 7)]);
  site.resume();
  await waitFor("the refusal", () => site.status().state === "refused");
  expect(site.status().error?.code).toBe("log-conflict");
});
