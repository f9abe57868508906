import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { memoryPoint } from "../../testing/memory-point.ts";
import { startRedis, type TestRedis } from "../../testing/redis-server.ts";
import { requestFor, testContext } from "../../testing/source-context.ts";
import { createRedisSource, redisConfigSchema } from "./index.ts";

function sourceOf(redis: TestRedis, more: Record<string, unknown> = {}) {
  const config = { type: "redis", port: redis.port, dataDirectory: redis.dataDirectory, ...more };
  return createRedisSource("cache", redisConfigSchema.parse(config), { password: redis.password });
}

async function fill(redis: TestRedis): Promise<void> {
  for (let n = 0; n < 200; n++) await redis.call("SET", `key:${n}`, `value ${n} \u00e4`);
  await redis.call("HSET", "hash", "a", "1", "b", "2");
  await redis.call("XADD", "stream", "1-1", "field", "value");
  await redis.call("ZADD", "zset", "1.5", "one");
}

/** Redis' own checksum over all keys and values of the server. */
const digest = (redis: TestRedis) => redis.call("DEBUG", "DIGEST");

describe.each([{ appendOnly: false }, { appendOnly: true }])(
  "a Redis source (append-only: $appendOnly)",
  (settings) => {
    it("brings every key back after the data directory is lost", async () => {
      await using redis = await startRedis(settings);
      await using context = await testContext();
      await fill(redis);
      const before = await digest(redis);
      const point = memoryPoint();
      const backup = await sourceOf(redis).backup(context, point.writer);
      await redis.call("SET", "later", "not in the point");
      await redis.stop("SIGKILL");
      await rm(redis.dataDirectory, { recursive: true });

      const outcome = await sourceOf(redis).restore(context, point.reader, requestFor("redis", backup));
      await redis.start();

      expect(outcome.movedAside).toBe(false);
      expect(await digest(redis)).toBe(before);
      expect(backup.facts).toMatchObject({ appendOnly: settings.appendOnly, keys: { db0: 203 } });
    });

    it("rolls back to exactly what was there, and accepts only once", async () => {
      await using redis = await startRedis(settings);
      await using context = await testContext();
      const source = sourceOf(redis);
      await fill(redis);
      const point = memoryPoint();
      const backup = await source.backup(context, point.writer);
      const atPoint = await digest(redis);
      await redis.call("SET", "key:1", "changed");
      await redis.call("SAVE");
      const later = await digest(redis);
      await redis.stop();

      await source.restore(context, point.reader, requestFor("redis", backup));
      await redis.start();
      expect(await digest(redis)).toBe(atPoint);
      await redis.stop();
      await source.rollBack(context, "rec_1");
      await redis.start();

      expect(await digest(redis)).toBe(later);
      expect(await source.rollBack(context, "rec_1")).toEqual([]);
      expect(await source.accept(context, "rec_1")).toEqual([]);
      expect((await readdir(redis.dataDirectory)).filter((name) => name.startsWith(".muster"))).toEqual([]);
    });
  },
);

describe("a Redis source", () => {
  it("refuses to restore while the server runs", async () => {
    await using redis = await startRedis();
    await using context = await testContext();
    const point = memoryPoint();
    const backup = await sourceOf(redis).backup(context, point.writer);
    await expect(sourceOf(redis).restore(context, point.reader, requestFor("redis", backup))).rejects.toMatchObject({
      code: "source-running",
      hint: expect.stringContaining("stop action"),
    });
  });

  it("says that the server is down, and that it is worth another try", async () => {
    await using redis = await startRedis();
    await using context = await testContext();
    await redis.stop();
    await expect(sourceOf(redis).backup(context, memoryPoint().writer)).rejects.toMatchObject({
      code: "source-unavailable",
      retryable: true,
    });
  });

  it("does not retry a wrong password", async () => {
    await using redis = await startRedis();
    await using context = await testContext();
    const source = createRedisSource("cache", redisConfigSchema.parse({ type: "redis", port: redis.port }), {
      password: "wrong",
    });
    await expect(source.inspect(context)).rejects.toMatchObject({ code: "source-unavailable", retryable: false });
  });

  it("fails when the server cannot save", async () => {
    await using redis = await startRedis();
    await using context = await testContext();
    await rm(redis.dataDirectory, { recursive: true });
    await expect(sourceOf(redis).backup(context, memoryPoint().writer)).rejects.toMatchObject({
      code: "source-failed",
    });
  });

  it("takes a snapshot over the replication protocol", async () => {
    await using redis = await startRedis();
    await using context = await testContext();
    await fill(redis);
    const before = await digest(redis);
    const source = sourceOf(redis, { method: "stream" });
    const point = memoryPoint();
    const backup = await source.backup(context, point.writer);
    await redis.stop("SIGKILL");
    await source.restore(context, point.reader, requestFor("redis", backup));
    await redis.start();
    expect(await digest(redis)).toBe(before);
  });

  it("refuses a snapshot with one altered byte and leaves the old one alone", async () => {
    await using redis = await startRedis();
    await using context = await testContext();
    await fill(redis);
    const point = memoryPoint();
    const backup = await sourceOf(redis).backup(context, point.writer);
    await redis.stop();
    const path = join(redis.dataDirectory, "dump.rdb");
    const before = await stat(path);
    const content = point.content("dump.rdb");
    content?.writeUInt8(content.readUInt8(200) ^ 1, 200);
    await expect(sourceOf(redis).restore(context, point.reader, requestFor("redis", backup))).rejects.toMatchObject({
      code: "repository-corrupt",
    });
    expect((await stat(path)).ino).toBe(before.ino);
    await sourceOf(redis).rollBack(context, "rec_1");
    expect(await readdir(redis.dataDirectory)).toEqual(["dump.rdb"]);
  });
});
