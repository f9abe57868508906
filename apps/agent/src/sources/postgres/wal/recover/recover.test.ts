import { MusterError } from "@muster/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseLsn } from "../lsn.ts";
import { baseBackup, type TestBase } from "../testing/base-backup.ts";
import { type ProtectedServer, protectServer } from "../testing/protected-server.ts";
import { parseTargetTime, type RecoveryTarget } from "./target.ts";

/** A commit by its number, and the time that the server gave it, in ms with microseconds as a fraction. */
interface Commit {
  readonly n: number;
  readonly time: number;
  readonly xid: number;
}

let site: ProtectedServer;
let base: TestBase;
let commits: Commit[];
let lsnAfter60: string;

beforeAll(async () => {
  site = await protectServer();
  const { server } = site;
  await server.query("ALTER SYSTEM SET track_commit_timestamp = on");
  await server.stop();
  await server.start();
  await server.query("CREATE TABLE t (n int PRIMARY KEY)");
  const write = async (from: number, until: number): Promise<void> => {
    for (let n = from; n < until; n++) await server.query(`INSERT INTO t VALUES (${n})`);
  };
  await write(0, 20);
  base = await baseBackup(server);
  await write(20, 60);
  lsnAfter60 = String((await server.query("SELECT pg_current_wal_insert_lsn()::text AS lsn"))[0]?.lsn);
  await write(60, 80);
  await server.query("SELECT pg_create_restore_point('after 80')");
  await write(80, 100);
  await site.caughtUp();
  const rows = await server.query(
    "SELECT n, xmin::text::bigint AS xid, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::text AS time FROM t ORDER BY n",
  );
  commits = rows.map(({ n, xid, time }) => ({ n: Number(n), xid: Number(xid), time: Number(time) }));
}, 180_000);

afterAll(async () => {
  await base?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const limit = { timeout: 180_000 };

async function recoveredTo(target: RecoveryTarget): Promise<number[]> {
  const { rows } = await base.recover({ log: await site.log(), target }, "SELECT n FROM t ORDER BY n");
  return rows.map(({ n }) => Number(n));
}

function upTo(keep: (commit: Commit) => boolean): number[] {
  return commits.filter(keep).map(({ n }) => n);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (thrown: unknown) => (thrown instanceof MusterError ? thrown.code : String(thrown)),
  );
}

test("recovery to a time has exactly the commits up to it, inclusive or not", limit, async () => {
  const time = commits[47]?.time ?? 0;
  const inclusive = await recoveredTo({ kind: "time", time, inclusive: true });
  expect(inclusive).toEqual(upTo((commit) => commit.time <= time));
  expect(inclusive.at(-1)).toBe(47);
  const exclusive = await recoveredTo({ kind: "time", time, inclusive: false });
  expect(exclusive).toEqual(upTo((commit) => commit.time < time));
});

test(
  "recovery to a restore point, a position, a transaction and the latest moment stops where it should",
  limit,
  async () => {
    expect(await recoveredTo({ kind: "name", name: "after 80" })).toEqual(upTo(({ n }) => n < 80));
    expect(await recoveredTo({ kind: "lsn", lsn: parseLsn(lsnAfter60), inclusive: false })).toEqual(
      upTo(({ n }) => n < 60),
    );
    const xid = commits[30]?.xid ?? 0;
    expect(await recoveredTo({ kind: "xid", xid, inclusive: true })).toEqual(upTo(({ n }) => n <= 30));
    expect(await recoveredTo({ kind: "latest" })).toEqual(upTo(() => true));
  },
);

test("a target that PostgreSQL would not stop at is refused before anything is started", limit, async () => {
  const early = commits[5]?.time ?? 0;
  expect(await codeOf(recoveredTo({ kind: "time", time: early, inclusive: true }))).toBe("target-too-early");
  const anHour = 3_600_000; // the server itself commits now and then: autovacuum does
  const late = (commits.at(-1)?.time ?? 0) + anHour;
  expect(await codeOf(recoveredTo({ kind: "time", time: late, inclusive: true }))).toBe("target-too-late");
  expect(await codeOf(recoveredTo({ kind: "name", name: "never" }))).toBe("target-too-late");
  expect(await codeOf(recoveredTo({ kind: "lsn", lsn: parseLsn("FF/0"), inclusive: true }))).toBe("target-too-late");
  expect(await codeOf(recoveredTo({ kind: "lsn", lsn: base.base.startLsn, inclusive: true }))).toBe("target-too-early");
  expect(await codeOf(recoveredTo({ kind: "xid", xid: commits[3]?.xid ?? 0, inclusive: true }))).not.toBe("none");
  expect(() => parseTargetTime("2026-01-31 12:00:00")).toThrow("offset");
});
