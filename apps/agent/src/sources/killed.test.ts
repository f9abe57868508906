import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { killedRestore } from "../testing/killed-restore.ts";
import { memoryPoint } from "../testing/memory-point.ts";
import { startPostgres } from "../testing/postgres-server.ts";
import { startRedis } from "../testing/redis-server.ts";
import { requestFor, testContext } from "../testing/source-context.ts";
import { createFilesSource, filesConfigSchema } from "./files/index.ts";
import { createPostgresSource, postgresConfigSchema } from "./postgres/index.ts";
import { createRedisSource, redisConfigSchema } from "./redis/index.ts";

/** How a killed restore goes on; both must end well from wherever it died. */
const endings = ["repeat", "roll back"] as const;

describe.each(endings)("a restore that was killed (%s)", (ending) => {
  it.each(["roles", "fetching", "loading", "switching", "finishing"])("PostgreSQL, at: %s", async (killAt) => {
    await using server = await startPostgres();
    await using context = await testContext();
    const config = { type: "postgres" as const, port: server.port };
    const secrets = { password: server.password };
    const source = createPostgresSource("db", postgresConfigSchema.parse(config), secrets);
    const sum = async () =>
      (await server.query("SELECT sum(id)::int AS sum, count(*)::int AS count FROM t", "shop"))[0];
    await server.query("CREATE DATABASE shop");
    await server.query("CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 1000) n", "shop");
    const point = memoryPoint();
    const request = requestFor("postgres", await source.backup(context, point.writer));
    const atPoint = await sum();
    await server.query("DELETE FROM t WHERE id > 500", "shop");
    const later = await sum();

    await killedRestore({ config, secrets, point: point.text(), request, ...directories(context), killAt });
    if (ending === "repeat") await source.restore(context, point.reader, request);
    else await source.rollBack(context, request.asideId);

    expect(await sum()).toEqual(ending === "repeat" ? atPoint : later);
    if (ending === "repeat") await source.accept(context, request.asideId);
    const names = await server.query("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1");
    expect(names).toEqual([{ datname: "postgres" }, { datname: "shop" }]);
  });

  it.each(["writing", "switching", "replaced dump.rdb", "replaced appendonlydir"])("Redis, at: %s", async (killAt) => {
    await using server = await startRedis({ appendOnly: true });
    await using context = await testContext();
    const config = { type: "redis" as const, port: server.port, dataDirectory: server.dataDirectory };
    const secrets = { password: server.password };
    const source = createRedisSource("cache", redisConfigSchema.parse(config), secrets);
    await server.call("SET", "key", "at the point");
    const point = memoryPoint();
    const request = requestFor("redis", await source.backup(context, point.writer));
    await server.call("SET", "key", "later");
    await server.stop();

    await killedRestore({ config, secrets, point: point.text(), request, ...directories(context), killAt });
    if (ending === "repeat") await source.restore(context, point.reader, request);
    else await source.rollBack(context, request.asideId);
    if (ending === "repeat") await source.accept(context, request.asideId);
    await server.start();

    expect(await server.call("GET", "key")).toBe(ending === "repeat" ? "at the point" : "later");
    expect((await readdir(server.dataDirectory)).filter((name) => name.startsWith(".muster"))).toEqual([]);
  });

  it.each(["staging", "switching", "bringing back"])("files, at: %s", async (killAt) => {
    const home = await mkdtemp(join(tmpdir(), "muster-killed-"));
    await using context = await testContext();
    const root = join(home, "app");
    const config = { type: "files" as const, root, exclude: ["*.log"] };
    const source = createFilesSource("config", filesConfigSchema.parse(config), {});
    await mkdir(join(root, "conf.d"), { recursive: true });
    await writeFile(join(root, "conf.d", "app.yaml"), "at the point");
    await writeFile(join(root, "live.log"), "live");
    const point = memoryPoint();
    const request = requestFor("files", await source.backup(context, point.writer));
    await writeFile(join(root, "conf.d", "app.yaml"), "later");

    const job = { config, secrets: {}, point: point.text(), request, ...directories(context), killAt };
    await killedRestore(job);
    if (ending === "repeat") await source.restore(context, point.reader, request);
    else await source.rollBack(context, request.asideId);
    if (ending === "repeat") await source.accept(context, request.asideId);

    const content = await readFile(join(root, "conf.d", "app.yaml"), "utf8");
    expect(content).toBe(ending === "repeat" ? "at the point" : "later");
    expect(await readFile(join(root, "live.log"), "utf8")).toBe("live");
    expect(await readdir(home)).toEqual(["app"]);
    await rm(home, { recursive: true });
  });
});

function directories({ stateDirectory, workDirectory }: { stateDirectory: string; workDirectory: string }) {
  return { stateDirectory, workDirectory };
}
