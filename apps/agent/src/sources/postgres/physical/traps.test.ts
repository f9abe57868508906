import { cp, mkdir, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PointReader, PointWriter } from "@muster/repository";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loseDataDirectory, type PhysicalSite, physicalSite, startRestored } from "../../../testing/physical-site.ts";
import { startCluster, type TestCluster } from "../../../testing/postgres-cluster.ts";
import { physicalFacts } from "./point-facts.ts";

/* What must not be missed in a physical backup, by the list in the design; the numbers are those of the list. */

const minute = 60_000;
let cluster: TestCluster;
let site: PhysicalSite;

beforeAll(async () => {
  cluster = await startCluster({ walSegmentSize: 1, settings: { wal_keep_size: "64MB" } });
  await cluster.query("CREATE TABLE t AS SELECT n, repeat('x', 100) AS v FROM generate_series(1, 20000) n");
  site = await physicalSite(cluster);
}, minute);
afterAll(() => cluster[Symbol.asyncDispose]());

/** Does something once, before the first call that stores files. */
function before(work: () => Promise<unknown>) {
  return (writer: PointWriter): PointWriter => {
    let first: Promise<unknown> | undefined;
    const addBlocks: PointWriter["addBlocks"] = async (files) => {
      first ??= work();
      await first;
      return writer.addBlocks(files);
    };
    return { ...writer, addBlocks };
  };
}

async function text(reader: PointReader, path: string): Promise<string | undefined> {
  const entry = await reader.entry(path);
  if (entry === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of reader.read(entry)) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

async function filePath(table: string): Promise<string> {
  const [row] = await cluster.query(`SELECT pg_relation_filepath('${table}') AS path`);
  return String(row?.path);
}

test("1: a connection that is lost ends the backup, and the next one is not hindered by it", async () => {
  const points = (await site.domain.listPoints()).length;
  const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'muster-agent'";
  const backup = site.backUp({ around: before(() => cluster.query(cut)) });
  await expect(backup).rejects.toMatchObject({ code: "source-unavailable" });
  expect(await site.domain.listPoints()).toHaveLength(points);
  expect(await cluster.query("SELECT slot_name FROM pg_replication_slots")).toEqual([]);
  await site.backUp();
});

test("1: whatever fails ends the backup on the server", async () => {
  const failing = (writer: PointWriter): PointWriter => ({
    ...writer,
    addBlocks: () => Promise.reject(new Error("the store is gone")),
  });
  await expect(site.backUp({ around: failing })).rejects.toThrow("the store is gone");
  expect(await cluster.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'muster-agent'")).toEqual([]);
});

test("2: the label comes from the stop call, and stale ones in the data directory are left out", async () => {
  const stale = ["backup_label.old", "tablespace_map.old", "tablespace_map"].map((name) =>
    join(cluster.dataDirectory, name),
  );
  for (const path of stale) await writeFile(path, "stale");
  const point = await site.backUp().finally(() => Promise.all(stale.map((path) => rm(path))));
  const reader = await site.domain.openPoint(point.id);
  const label = await text(reader, "data/backup_label");
  expect(label).toContain(`START WAL LOCATION: ${physicalFacts(point.facts)?.startLsn} (file `);
  expect(label).toContain(`LABEL: muster ${point.id}\n`);
  expect(await reader.entry("data/tablespace_map")).toBeUndefined();
  expect(await reader.entry("data/backup_label.old")).toBeUndefined();
});

test("3: temporary files and relations are left out", async () => {
  const folder = (await filePath("t")).replace(/\/\d+$/, "");
  const at = (name: string): string => join(cluster.dataDirectory, name);
  const planted = [
    `${folder}/t3_16999`,
    `${folder}/t3_16999_fsm.1`,
    "base/pgsql_tmp/pgsql_tmp1.0",
    "pg_notify/0000x",
    "backup_manifest",
  ];
  await mkdir(at("base/pgsql_tmp"), { recursive: true });
  for (const path of planted) await writeFile(at(path), "x");
  const point = await site.backUp().finally(() => Promise.all(planted.map((path) => rm(at(path)))));
  const reader = await site.domain.openPoint(point.id);
  for (const path of planted) expect(await reader.entry(`data/${path}`), path).toBeUndefined();
});

test("5: a tablespace that is no link, or a link to a link, is refused", async () => {
  const at = join(cluster.dataDirectory, "pg_tblspc/99999");
  await mkdir(at);
  await expect(site.backUp()).rejects.toMatchObject({
    code: "source-failed",
    message: expect.stringContaining("not a link"),
  });
  await rm(at, { recursive: true });
  await symlink(await cluster.newDirectory("real"), join(cluster.home, "link"));
  await symlink(join(cluster.home, "link"), at);
  await expect(site.backUp()).rejects.toMatchObject({ message: expect.stringContaining("a link itself") });
  await rm(at);
});

test(
  "7: files that vanish, shrink or grow while they are copied are brought to one moment by recovery",
  async () => {
    await using own = await startCluster({ walSegmentSize: 1 });
    for (const name of ["gone", "cut", "grown"]) {
      await own.query(`CREATE TABLE ${name} AS SELECT n, repeat('x', 100) AS v FROM generate_series(1, 9000) n`);
    }
    const there = await physicalSite(own);
    const meddle = async (): Promise<void> => {
      await own.query("DROP TABLE gone");
      await own.query("CHECKPOINT"); // the file goes for good
      await own.query("DELETE FROM cut WHERE n > 10");
      await own.query("VACUUM cut");
      await own.query("INSERT INTO grown SELECT n, 'new' FROM generate_series(9001, 30000) n");
      await own.query("CHECKPOINT");
    };
    const point = await there.backUp({ around: before(meddle) });
    expect(point.facts.filesVanished).toBeGreaterThan(0);
    await own.stop("SIGQUIT");
    await loseDataDirectory(own);
    await there.restore(point);
    await startRestored(own);
    const sql = `SELECT to_regclass('gone') AS gone, (SELECT count(*)::int FROM cut) AS cut, (SELECT count(*)::int FROM grown) AS grown`;
    expect(await own.query(sql)).toEqual([{ gone: null, cut: 10, grown: 30_000 }]);
  },
  minute,
);

test("7: a data directory without pg_control is never a backup", async () => {
  const [from, to] = ["global/pg_control", "global/hidden"].map((name) => join(cluster.dataDirectory, name)) as [
    string,
    string,
  ];
  const points = (await site.domain.listPoints()).length;
  const hide = () => rename(from, to);
  await expect(site.backUp({ around: before(hide) })).rejects.toMatchObject({ code: "not-found" });
  await rename(to, from);
  expect(await site.domain.listPoints()).toHaveLength(points);
});

test("9: a page that was damaged on the disk is named, and told of again while it stays so", async () => {
  await cluster.query("CREATE TABLE damaged AS SELECT n, repeat('x', 100) AS v FROM generate_series(1, 5000) n");
  await cluster.query("CHECKPOINT");
  const path = await filePath("damaged");
  const file = await open(join(cluster.dataDirectory, path), "r+");
  await file.write(Buffer.from("bit rot"), 0, 7, 3 * 8192 + 4000);
  await file.close();
  for (let n = 0; n < 2; n++) {
    const point = await site.backUp({ context: { clock: { now: () => Date.now() + 5000 } } });
    expect(physicalFacts(point.facts)?.pagesDamaged).toEqual([{ path, pages: [3] }]);
  }
  await cluster.query("DROP TABLE damaged");
});

test("10: without all WAL from start to stop there is no point", async () => {
  const points = (await site.domain.listPoints()).length;
  const lose = async (): Promise<void> => {
    const [row] = await cluster.query("SELECT pg_walfile_name(pg_current_wal_lsn()) AS name");
    await cluster.query("INSERT INTO t SELECT n, repeat('y', 1000) FROM generate_series(1, 3000) n");
    await cluster.query("SELECT pg_switch_wal()");
    await rename(join(cluster.dataDirectory, "pg_wal", String(row?.name)), join(cluster.home, "lost-segment"));
  };
  const backup = site.backUp({ around: before(lose) });
  await expect(backup).rejects.toMatchObject({
    code: "source-failed",
    message: expect.stringContaining("gone already"),
  });
  expect(await site.domain.listPoints()).toHaveLength(points);
});

test(
  "11: a copy of the data directory, and that of another cluster, are refused",
  async () => {
    const copy = join(cluster.home, "copy");
    await cp(cluster.dataDirectory, copy, { recursive: true, verbatimSymlinks: true });
    const writer = await site.domain.beginPoint({
      source: "db",
      kind: "postgres",
      host: "db-1",
      startedAt: Date.now(),
    });
    const { testContext } = await import("../../../testing/source-context.ts");
    await using context = await testContext();
    const backup = site.source({ dataDirectory: copy }).backup(context, writer);
    await expect(backup).rejects.toMatchObject({
      code: "wrong-target",
      message: expect.stringContaining("last checkpoint"),
    });
    await using other = await startCluster();
    const wrong = site.source({ dataDirectory: other.dataDirectory }).backup(context, writer);
    await expect(wrong).rejects.toMatchObject({
      code: "wrong-target",
      message: expect.stringContaining("belongs to the cluster"),
    });
    await writer.abort();
  },
  minute,
);
