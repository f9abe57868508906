import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { expect, test } from "vitest";
import { loseDataDirectory, physicalSite, startRestored } from "../../../testing/physical-site.ts";
import { startCluster, type TestCluster } from "../../../testing/postgres-cluster.ts";

/** Turns a restored data directory into a standby of a cluster, by hand. */
async function makeStandby(cluster: TestCluster, primary: TestCluster): Promise<void> {
  const at = (name: string): string => join(cluster.dataDirectory, name);
  await rm(at("recovery.signal"));
  await writeFile(at("standby.signal"), "");
  await writeFile(
    at("postgresql.auto.conf"),
    `primary_conninfo = 'host=${primary.host} port=${primary.port} user=postgres'\n`,
  );
  await cluster.start();
}

test("12: a backup is read from a standby, with start, stop and pg_control of the primary", async () => {
  await using primary = await startCluster({ walSegmentSize: 1, settings: { wal_keep_size: "64MB" } });
  await using standby = await startCluster({ walSegmentSize: 1 });
  const onPrimary = await physicalSite(primary);
  await primary.query("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
  const seed = await onPrimary.backUp();
  await standby.stop();
  await onPrimary.restore(seed, {
    changes: { dataDirectory: standby.dataDirectory },
    request: { allowNewTarget: true },
  });
  await makeStandby(standby, primary);
  await primary.query("INSERT INTO t SELECT n FROM generate_series(1001, 20000) n"); // in the standby's memory only

  const site = await physicalSite(standby, { primary: { host: primary.host, port: primary.port } });
  const point = await site.backUp();
  expect(point.facts).toMatchObject({ standby: true, timeline: 1 });
  const reader = await site.domain.openPoint(point.id);
  const control = await reader.entry("data/global/pg_control");
  const parts: Uint8Array[] = [];
  if (control !== undefined) for await (const part of reader.read(control)) parts.push(part);
  expect(Buffer.concat(parts).readInt32LE(16)).toBe(6); // DB_IN_PRODUCTION
  expect((await readFile(join(standby.dataDirectory, "global/pg_control"))).readInt32LE(16)).toBe(5); // DB_IN_ARCHIVE_RECOVERY

  await standby.stop();
  await loseDataDirectory(standby);
  await site.restore(point);
  await startRestored(standby);
  expect(await standby.query("SELECT count(*)::int AS n FROM t")).toEqual([{ n: 20_000 }]);
}, 120_000);

test("12: without its primary, or with a wrong one, nothing is copied from a standby", async () => {
  await using primary = await startCluster({ walSegmentSize: 1 });
  await using standby = await startCluster({ walSegmentSize: 1 });
  const onPrimary = await physicalSite(primary);
  const seed = await onPrimary.backUp();
  await standby.stop();
  await onPrimary.restore(seed, {
    changes: { dataDirectory: standby.dataDirectory },
    request: { allowNewTarget: true },
  });
  await makeStandby(standby, primary);
  await waitFor(
    "the standby to follow",
    async () => (await primary.query("SELECT FROM pg_stat_replication")).length === 1,
  );
  const alone = await physicalSite(standby);
  await expect(alone.backUp()).rejects.toMatchObject({
    code: "source-failed",
    message: expect.stringContaining("primary"),
  });
  const itself = await physicalSite(standby, { primary: { host: standby.host, port: standby.port } });
  await expect(itself.backUp()).rejects.toMatchObject({ code: "wrong-target" });
}, 120_000);
