import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { killedRestore } from "../../../testing/killed-restore.ts";
import { memoryPoint } from "../../../testing/memory-point.ts";
import { startRestored } from "../../../testing/physical-site.ts";
import { startCluster } from "../../../testing/postgres-cluster.ts";
import { requestFor, testContext } from "../../../testing/source-context.ts";
import { createPostgresSource, postgresConfigSchema } from "../index.ts";

/** Where it dies: with parts staged, before the first rename, and between those of the tablespace and of the data directory. */
const moments = ["staging", "switching", "switched"] as const;

describe.each(["repeat", "roll back"] as const)("a restore of a data directory that was killed (%s)", (ending) => {
  it.each(moments)(
    "at: %s",
    async (killAt) => {
      await using cluster = await startCluster({ walSegmentSize: 1 });
      await using context = await testContext();
      const { port, dataDirectory } = cluster;
      const config = { type: "postgres" as const, method: "physical", port, dataDirectory };
      const source = createPostgresSource("db", postgresConfigSchema.parse(config), {});
      await cluster.query(`CREATE TABLESPACE fast LOCATION '${await cluster.newDirectory("fast")}'`);
      await cluster.query("CREATE TABLE t TABLESPACE fast AS SELECT n FROM generate_series(1, 1000) n");
      const point = memoryPoint();
      const request = requestFor("postgres", await source.backup(context, point.writer));
      await cluster.query("DELETE FROM t WHERE n > 500");
      await cluster.stop();

      const { stateDirectory, workDirectory } = context;
      await killedRestore({ config, secrets: {}, point: point.text(), request, stateDirectory, workDirectory, killAt });
      // Whatever it has left, either the old directory or none is in place: never a half one.
      if (existsSync(dataDirectory)) expect(existsSync(join(dataDirectory, "global/pg_control"))).toBe(true);
      if (ending === "repeat") await source.restore(context, point.reader, request);
      else await source.rollBack(context, request.asideId);

      await startRestored(cluster);
      expect(await cluster.query("SELECT count(*)::int AS n FROM t")).toEqual([
        { n: ending === "repeat" ? 1000 : 500 },
      ]);
      if (ending === "repeat") await source.accept(context, request.asideId);
      const left = [...(await readdir(cluster.home)), ...(await readdir(join(cluster.home, "fast")))];
      expect(left.filter((name) => name.includes(".muster-"))).toEqual([]);
    },
    120_000,
  );
});
