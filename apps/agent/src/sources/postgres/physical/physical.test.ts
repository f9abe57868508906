import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loseDataDirectory, physicalSite, startRestored } from "../../../testing/physical-site.ts";
import { startCluster, type TestCluster } from "../../../testing/postgres-cluster.ts";
import { testedMajors } from "../../../testing/postgres-programs.ts";
import { physicalFacts } from "./point-facts.ts";

const minute = 60_000;

async function fill(cluster: TestCluster): Promise<void> {
  const place = await cluster.newDirectory("fast");
  await cluster.query(`CREATE TABLESPACE fast LOCATION '${place}'`);
  await cluster.query("CREATE DATABASE app");
  await cluster.query(
    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, repeat('x', 200) FROM generate_series(1, 5000) n",
    "app",
  );
  await cluster.query("CREATE TABLE f TABLESPACE fast AS SELECT n FROM generate_series(1, 1000) n", "app");
  await cluster.query(
    "CREATE UNLOGGED TABLE u AS SELECT n FROM generate_series(1, 1000) n; CREATE INDEX ON u (n)",
    "app",
  );
}

/** A writer that numbers its commits; ends when it is told to. */
function commitAsFastAsPossible(cluster: TestCluster) {
  let stopped = false;
  let committed = 0;
  const work = (async () => {
    await cluster.query("CREATE TABLE IF NOT EXISTS commits (n int PRIMARY KEY)", "app");
    while (!stopped) {
      await cluster.query(`INSERT INTO commits VALUES (${committed + 1})`, "app");
      committed += 1;
    }
  })();
  return {
    committed: () => committed,
    async stop() {
      stopped = true;
      await work;
    },
  };
}

test.each(testedMajors)(
  "PostgreSQL %i: a copy made under load comes up with all that was committed before it ended",
  async (major) => {
    await using cluster = await startCluster({ major, walSegmentSize: 1 });
    await fill(cluster);
    const site = await physicalSite(cluster);
    const load = commitAsFastAsPossible(cluster);
    const point = await site.backUp();
    const atLeast = load.committed(); // a few of these may have come after the end
    await load.stop();
    const facts = physicalFacts(point.facts);
    expect(facts).toMatchObject({ major, timeline: 1, walSegmentSize: 2 ** 20, checksums: true, pagesDamaged: [] });
    expect(facts?.tablespaces).toMatchObject([{ name: "fast", location: join(cluster.home, "fast") }]);

    await cluster.stop("SIGQUIT");
    await loseDataDirectory(cluster);
    const done = await site.restore(point);
    expect(done.movedAside).toBe(true); // the tablespace was still there
    await startRestored(cluster);
    const [row] = await cluster.query(
      `SELECT (SELECT count(*)::int FROM t) AS t, (SELECT count(*)::int FROM f) AS f, (SELECT count(*)::int FROM u) AS u,
            (SELECT max(n) FROM commits) AS last, (SELECT count(*)::int FROM commits) AS commits,
            pg_is_in_recovery() AS recovering`,
      "app",
    );
    expect(row).toMatchObject({ t: 5000, f: 1000, u: 0, recovering: false });
    expect(row?.commits).toBe(row?.last ?? 0); // none is missing before the last one
    expect(Math.abs(Number(row?.last ?? 0) - atLeast)).toBeLessThan(Math.max(20, atLeast));
    expect(await cluster.query("SELECT timeline_id FROM pg_control_checkpoint()")).toEqual([{ timeline_id: 2 }]);
    expect((await lstat(cluster.dataDirectory)).mode & 0o777).toBe(0o700);
    const [oid = ""] = await readdir(join(cluster.dataDirectory, "pg_tblspc"));
    expect(await readlink(join(cluster.dataDirectory, "pg_tblspc", oid))).toBe(join(cluster.home, "fast"));
  },
  2 * minute,
);

test(
  "a second backup reads only what changed, and both restore",
  async () => {
    await using cluster = await startCluster();
    await fill(cluster);
    const site = await physicalSite(cluster);
    // To a clock that is ahead, the files have been as they are for more than a second.
    const context = { clock: { now: () => Date.now() + 5000 } };
    const first = await site.backUp({ context });
    await cluster.query("UPDATE t SET v = 'new' WHERE id = 1", "app");
    const second = await site.backUp({ context });
    expect(Number(second.facts.filesUnchanged)).toBeGreaterThan(500);
    expect(second.storedBytes).toBeLessThan(first.storedBytes / 2);
    await cluster.stop();
    for (const [point, value] of [
      [first, "x".repeat(200)],
      [second, "new"],
    ] as const) {
      await site.restore(point, { request: { asideId: point.id } });
      await startRestored(cluster);
      expect(await cluster.query("SELECT v FROM t WHERE id = 1", "app")).toEqual([{ v: value }]);
      await cluster.stop();
    }
  },
  minute,
);

test(
  "what PostgreSQL's manual leaves out is left out, and its directories stay",
  async () => {
    await using cluster = await startCluster();
    await fill(cluster);
    const site = await physicalSite(cluster);
    const point = await site.backUp();
    const paths = new Map<string, string>();
    for await (const { path, type } of (await site.domain.openPoint(point.id)).entries()) paths.set(path, type);
    for (const name of [
      "pg_wal",
      "pg_replslot",
      "pg_dynshmem",
      "pg_notify",
      "pg_serial",
      "pg_snapshots",
      "pg_stat_tmp",
      "pg_subtrans",
    ]) {
      expect(paths.get(`data/${name}`)).toBe("directory");
    }
    const [unlogged] = await cluster.query("SELECT pg_relation_filepath('u') AS path", "app");
    expect(paths.has(`data/${unlogged?.path}`)).toBe(false);
    expect(paths.has(`data/${unlogged?.path}_init`)).toBe(true);
    expect(paths.has("data/postmaster.pid")).toBe(false);
    expect([...paths.keys()].filter((path) => path.includes("pg_internal.init"))).toEqual([]);
    const label = await readFile(join(cluster.dataDirectory, "PG_VERSION"), "utf8");
    expect(label.trim()).toBe("15");
    expect(paths.get("data/backup_label")).toBe("file");
    expect(paths.get("data/tablespace_map")).toBe("file");
  },
  minute,
);
