import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PointReader, PointSummary } from "@muster/repository";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PhysicalSite, physicalSite, requestOf, startRestored } from "../../../testing/physical-site.ts";
import { startCluster, type TestCluster } from "../../../testing/postgres-cluster.ts";
import { testContext } from "../../../testing/source-context.ts";

const run = promisify(execFile);
const minute = 60_000;
let cluster: TestCluster;
let site: PhysicalSite;
let point: PointSummary;

const sum = "SELECT md5(string_agg(t::text, ',' ORDER BY n)) AS sum FROM t";
let backedUp: Record<string, unknown>[];

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.query(`CREATE TABLESPACE fast LOCATION '${await cluster.newDirectory("fast")}'`);
  await cluster.query("CREATE TABLE t TABLESPACE fast AS SELECT n, md5(n::text) AS v FROM generate_series(1, 9000) n");
  site = await physicalSite(cluster);
  point = await site.backUp();
  backedUp = await cluster.query(sum);
  await cluster.query("DELETE FROM t WHERE n % 2 = 0");
}, minute);
afterAll(() => cluster[Symbol.asyncDispose]());

test("a server that runs is not restored over", async () => {
  await expect(site.restore(point)).rejects.toMatchObject({ code: "source-running" });
  expect(await cluster.query("SELECT count(*)::int AS n FROM t")).toEqual([{ n: 4500 }]);
  await using context = await testContext();
  const findings = await site.source().checkRestore(context, requestOf(point));
  expect(findings).toMatchObject([{ severity: "warning", code: "source-running" }]);
});

test(
  "in place: the old directory and tablespace are kept, put back by a roll back, and dropped by an accept",
  async () => {
    await using context = await testContext();
    await cluster.stop();
    await writeFile(join(cluster.dataDirectory, "marker"), "old");
    const done = await site.restore(point, { context, changes: { delta: true } });
    expect(done).toMatchObject({ movedAside: true, facts: { timeline: 1 } });
    expect(Number(done.facts.bytesKept)).toBeGreaterThan(0);
    expect(Number(done.facts.bytesKept)).toBeLessThan(done.bytes);
    expect(Number(done.facts.bytesKept)).toBeGreaterThan(done.bytes / 4); // WAL, and what the deletion has touched, are not the same
    expect(Number(done.facts.bytesKept)).toBeLessThan(done.bytes);
    await startRestored(cluster);
    expect(await cluster.query(sum)).toEqual(backedUp);
    await expect(site.source().rollBack(context, "rec_1")).rejects.toMatchObject({ code: "source-running" });
    await cluster.stop();

    await site.source().rollBack(context, "rec_1");
    expect(await readFile(join(cluster.dataDirectory, "marker"), "utf8")).toBe("old");
    await startRestored(cluster);
    expect(await cluster.query("SELECT count(*)::int AS n FROM t")).toEqual([{ n: 4500 }]);
    await cluster.stop();

    await site.restore(point, { context, request: { asideId: "rec_2" } });
    await site.source().accept(context, "rec_2");
    expect((await readdir(cluster.home)).filter((name) => name.includes("muster-"))).toEqual([]);
    expect(existsSync(join(cluster.dataDirectory, "marker"))).toBe(false);
  },
  minute,
);

test(
  "onto another place, with tablespaces mapped; checksums and every page are right",
  async () => {
    await cluster.stop();
    const dataDirectory = join(cluster.home, "elsewhere/data");
    const location = join(cluster.home, "other-disk/fast");
    const done = await site.restore(point, { changes: { dataDirectory, tablespaces: { fast: location } } });
    expect(done.movedAside).toBe(false);
    const { uid } = await lstat(dataDirectory);
    expect(uid).toBe(cluster.account.uid);
    const [oid = ""] = await readdir(join(dataDirectory, "pg_tblspc"));
    expect(await readlink(join(dataDirectory, "pg_tblspc", oid))).toBe(location);
    await startRestored(cluster, dataDirectory);
    expect(await cluster.query(sum)).toEqual(backedUp);
    await run(join(cluster.bin, "pg_amcheck"), [
      "-h",
      cluster.host,
      "-p",
      String(cluster.port),
      "-U",
      "postgres",
      "-a",
      "--install-missing",
    ]);
    await cluster.stop();
    await run(join(cluster.bin, "pg_checksums"), ["--check", "-D", dataDirectory], cluster.account);
  },
  minute,
);

test(
  "an interrupted restore leaves nothing that a server would start on, and the old directory in place",
  async () => {
    await cluster.stop();
    await using context = await testContext();
    const reader = await site.domain.openPoint(point.id);
    const failing: PointReader = {
      ...reader,
      writeFiles: async (files, options) => {
        const some: unknown[] = [];
        for await (const file of files) {
          if (some.push(file) > 5) throw new Error("the power is gone");
          await reader.writeFiles([file], options);
        }
      },
    };
    const id = "rec_3";
    const restore = site.source().restore(context, failing, { ...requestOf(point), asideId: id });
    await expect(restore).rejects.toThrow("the power is gone");
    const [staged = ""] = (await readdir(cluster.home)).filter((name) => name.startsWith("data.muster-new"));
    expect(existsSync(join(cluster.home, staged, "PG_VERSION"))).toBe(true);
    expect(existsSync(join(cluster.home, staged, "global/pg_control"))).toBe(false);
    expect(existsSync(join(cluster.dataDirectory, "global/pg_control"))).toBe(true);
    await site.restore(point, { context, request: { asideId: id } }); // a repeat begins anew
    await startRestored(cluster);
    expect(await cluster.query(sum)).toEqual(backedUp);
  },
  minute,
);

test(
  "another cluster's directory, and another major version's, are refused",
  async () => {
    await using other = await startCluster();
    await other.stop();
    const changes = { dataDirectory: other.dataDirectory };
    await expect(site.restore(point, { changes })).rejects.toMatchObject({ code: "wrong-target" });
    await writeFile(join(other.dataDirectory, "PG_VERSION"), "14\n");
    const request = { allowNewTarget: true };
    await expect(site.restore(point, { changes, request })).rejects.toMatchObject({ code: "version-mismatch" });
    await writeFile(join(other.dataDirectory, "PG_VERSION"), "15\n");
    await cluster.stop();
    const location = await cluster.newDirectory("third");
    await mkdir(location, { recursive: true });
    const done = await site.restore(point, { changes: { ...changes, tablespaces: { fast: location } }, request });
    expect(done.movedAside).toBe(true);
  },
  minute,
);
