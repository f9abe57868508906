import { waitFor } from "@muster/core/testing";
import { memoryStore } from "@muster/object-store/testing";
import { gaps, initRepository } from "@muster/repository";
import { expect, test } from "vitest";
import type { TestPostgres } from "../../../../testing/index.ts";
import { baseBackup } from "../testing/base-backup.ts";
import { protectServer } from "../testing/protected-server.ts";

async function insert(server: TestPostgres, from: number, until: number): Promise<void> {
  for (let n = from; n < until; n++) await server.query(`INSERT INTO t VALUES (${n})`);
}

function numbers(from: number, until: number): number[] {
  return Array.from({ length: until - from }, (_, index) => from + index);
}

/**
 * A server that was recovered to a point in its past goes on, on a timeline of its own, under the same address: what a failover to a standby looks
 * like from outside as well. Both timelines can be recovered to afterwards.
 */
test("a server that goes on with another timeline is followed, and both can be recovered to", {
  timeout: 240_000,
}, async () => {
  const store = memoryStore();
  const grant = (await initRepository(store, { passphrase: "test" })).grant("orders");
  await using site = await protectServer({ store, grant });
  const { server } = site;
  await server.query("CREATE TABLE t (n int)");
  await insert(server, 0, 10);
  await using base = await baseBackup(server);
  await insert(server, 10, 20);
  await server.query("SELECT pg_create_restore_point('branch')");
  await insert(server, 20, 30);
  await site.caughtUp();
  await site.stop();

  const log = await site.log();
  const sql = "SELECT n FROM t ORDER BY n";
  const atBranch = await base.recover({ log, target: { kind: "name", name: "branch" } }, sql);
  expect(atBranch.recovered.timeline).toBe(2);
  expect(atBranch.rows.map(({ n }) => n)).toEqual(numbers(0, 20));

  // The recovered directory takes the place of the old one.
  await server.stop();
  await server.replaceData(atBranch.dataDirectory);
  await server.start();
  await insert(server, 100, 110);
  site.resume();
  await site.caughtUp();
  await waitFor("timeline 2", () => site.status().timeline === 2);
  const { ranges, files } = await log.list();
  expect(files).toEqual(["00000002.history"]);
  expect([...new Set(ranges.map(({ timeline }) => timeline))]).toEqual([1, 2]);
  expect(gaps(ranges, 2)).toEqual([]);
  await site.stop();

  const latest = await base.recover({ log, target: { kind: "latest" } }, sql);
  expect(latest.rows.map(({ n }) => n)).toEqual([...numbers(0, 20), ...numbers(100, 110)]);
  expect(latest.recovered.timeline).toBe(3);
  const old = await base.recover({ log, target: { kind: "latest" }, timeline: 1 }, sql);
  expect(old.rows.map(({ n }) => n)).toEqual(numbers(0, 30));
});
