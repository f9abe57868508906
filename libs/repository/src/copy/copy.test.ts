import { manualClock } from "@muster/core/testing";
import type { ObjectStore } from "@muster/object-store";
import { faultyStore, memoryStore } from "@muster/object-store/testing";
import { describe, expect, test } from "vitest";
import { type CopyOptions, copyPoints, type DomainGrant, initCopy, initRepository, openRepository } from "../index.ts";
import { backUp, grantedDomain, passphrase, readBack, seededRandom } from "../testing/index.ts";

const random = seededRandom(71);
const shared = random.bytes(900_000);
const files = (n: number) => ({ shared, own: random.bytes(300_000), text: random.text(100_000 + n) });

async function site() {
  const main = memoryStore();
  const second = memoryStore();
  const repository = await initRepository(main, { passphrase });
  const domain = repository.domain("orders");
  const grant = repository.grant("orders");
  const contents = [files(0), files(1), files(2)];
  for (const [n, content] of contents.entries()) {
    await backUp(domain, content, { pointId: `p${n}`, startedAt: Date.UTC(2026, 0, 1 + n) });
  }
  await initCopy(main, second);
  return { main, second, grant, contents, domain };
}

const copy = (from: ObjectStore, to: ObjectStore, grant: DomainGrant, options: Partial<CopyOptions> = {}) =>
  copyPoints(from, to, grant, { holder: "test", ...options });

const keysOf = (store: { objects: Map<string, Buffer> }, part: string) =>
  [...store.objects.keys()].filter((key) => key.startsWith(part)).sort();

describe("a copy", () => {
  test("opens with the same passphrase and has the same packs, byte for byte", async () => {
    const { main, second, grant, contents } = await site();
    const report = await copy(main, second, grant);
    expect(report).toMatchObject({ failed: [], left: [] });
    expect([...report.copied].sort()).toEqual(["p0", "p1", "p2"]);
    expect(keysOf(second, "orders/packs/")).toEqual(keysOf(main, "orders/packs/"));
    for (const key of keysOf(main, "orders/packs/")) expect(second.objects.get(key)).toEqual(main.objects.get(key));
    const opened = (await openRepository(second, { passphrase })).domain("orders");
    for (const [n, content] of contents.entries()) {
      const found = await readBack(await opened.openPoint(`p${n}`));
      for (const [path, bytes] of Object.entries(content)) expect(found[path]?.equals(bytes)).toBe(true);
    }
    expect((await opened.verify({ level: "read" })).damage).toEqual([]);
    expect(keysOf(second, "orders/index/").length).toBeGreaterThan(0);
  });

  test("moves only what the target lacks, and nothing the second time", async () => {
    const { main, second, grant, domain } = await site();
    await copy(main, second, grant);
    await backUp(domain, { shared, more: random.bytes(50_000) }, { pointId: "p3" });
    const { bytes, copied } = await copy(main, second, grant);
    expect(copied).toEqual(["p3"]);
    expect(bytes).toBeLessThan(200_000);
    expect(await copy(main, second, grant)).toMatchObject({ copied: [], packs: 0, bytes: 0 });
  });

  test("of one point takes the packs of that point only", async () => {
    const { main, second, grant } = await site();
    await copy(main, second, grant, { points: ["p0"] });
    expect((await grantedDomain(second, grant).listPoints()).map(({ id }) => id)).toEqual(["p0"]);
    expect(keysOf(second, "orders/packs/").length).toBeLessThan(keysOf(main, "orders/packs/").length);
    expect((await grantedDomain(second, grant).verify({ level: "read" })).damage).toEqual([]);
  });

  test("goes on after a crash at any write, and never lists a point that is not whole", async () => {
    const { main, second, grant } = await site();
    let puts = 0;
    await copy(main, faultyStore(memoryStore(new Map(second.objects)), (_, operation) => {
      if (operation === "put") puts += 1;
      return undefined;
    }), grant); // biome-ignore format: counted once
    for (let crash = 0; crash < puts; crash++) {
      const target = memoryStore(new Map(second.objects));
      let count = 0;
      const dying = faultyStore(target, (_, operation) =>
        operation === "put" && count++ >= crash ? { kind: "fail" } : undefined,
      );
      await copy(main, dying, grant).catch((error: unknown) => expect(error).toHaveProperty("code"));
      const between = await grantedDomain(target, grant).verify({ level: "read" });
      expect(between.damage.filter(({ object }) => !object.startsWith("domains/"))).toEqual([]);
      const { present } = await copy(main, target, grant);
      expect([...present].sort()).toEqual(["p0", "p1", "p2"]);
      expect((await grantedDomain(target, grant).verify({ level: "read" })).damage).toEqual([]);
    }
  }, 60_000);

  test("is refused by a repository of its own, and begun nowhere but in an empty place or a copy", async () => {
    const { main, grant } = await site();
    const other = memoryStore();
    await initRepository(other, { passphrase });
    await expect(initCopy(main, other)).rejects.toMatchObject({ code: "repository-exists" });
    await expect(copy(main, other, grant)).rejects.toMatchObject({ code: "repository-key-wrong" });
    expect(await initCopy(main, memoryStore())).toBe(grant.repositoryId);
  });

  test("leaves out the point whose data is damaged, and says so", async () => {
    const { main, second, grant } = await site();
    const before = keysOf(main, "orders/packs/");
    await backUp(grantedDomain(main, grant), { only: random.bytes(400_000) }, { pointId: "bad" });
    for (const key of keysOf(main, "orders/packs/")) {
      if (!before.includes(key)) main.objects.get(key)?.writeUInt8(1, 200);
    }
    const { failed, copied } = await copy(main, second, grant);
    expect(failed.map(({ point }) => point)).toEqual(["bad"]);
    expect([...copied].sort()).toEqual(["p0", "p1", "p2"]);
    expect((await grantedDomain(second, grant).listPoints()).map(({ id }) => id)).not.toContain("bad");
  });

  test("finds packs that no index speaks of by their own footers", async () => {
    const { main, second, grant } = await site();
    for (const key of keysOf(main, "orders/index/")) main.objects.delete(key);
    expect(await copy(main, second, grant)).toMatchObject({ failed: [], present: ["p2", "p1", "p0"] });
    expect((await grantedDomain(second, grant).verify({ level: "read" })).damage).toEqual([]);
  });

  test("puts a whole pack beside one that was cut short in the target", async () => {
    const { main, second, grant } = await site();
    await copy(main, second, grant);
    const [key = ""] = keysOf(second, "orders/packs/");
    second.objects.set(key, Buffer.from(second.objects.get(key)?.subarray(0, 99) ?? []));
    expect((await grantedDomain(second, grant).verify({ level: "presence" })).damage).not.toEqual([]);
    await copy(main, second, grant, { complete: true });
    expect((await grantedDomain(second, grant).verify({ level: "read" })).damage).toEqual([]);
  });
});

describe("a copy with limits", () => {
  test("begins nothing after its time, and says what is left", async () => {
    const { main, second, grant } = await site();
    const clock = manualClock(1000);
    const report = await copy(main, second, grant, { until: 1000, clock });
    expect([...report.left].sort()).toEqual(["p0", "p1", "p2"]);
    expect(report).toMatchObject({ copied: [], packs: 0 });
  });

  test("takes at least the time that its bandwidth asks for", async () => {
    const { main, second, grant } = await site();
    const started = performance.now();
    const { bytes } = await copy(main, second, grant, { bytesPerSecond: 4_000_000 });
    const [largest = 0] = keysOf(main, "orders/packs/")
      .map((key) => main.objects.get(key)?.length ?? 0)
      .sort((a, b) => b - a);
    expect(performance.now() - started).toBeGreaterThan(((bytes - largest) / 4_000_000) * 900);
  });
});
