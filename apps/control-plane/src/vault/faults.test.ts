import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import type { ObjectStore, VaultIdentity } from "@muster/object-store";
import { collect } from "@muster/object-store/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type NetworkFault, type ShakyNetwork, shakyNetwork } from "./testing/shaky-network.ts";
import { startVaultSite, type VaultSite } from "./testing/vault-site.ts";

let site: VaultSite;
let identity: VaultIdentity;
let network: ShakyNetwork | undefined;
let count = 0;
beforeAll(async () => {
  site = await startVaultSite({ shop: "app-1" });
  identity = await site.enrol("app-1");
});
afterEach(async () => {
  await network?.stop();
  network = undefined;
});
afterAll(() => site.stop());

/** The store behind a network that does this to its first connections. */
async function openShaky(...faults: readonly NetworkFault[]): Promise<ObjectStore> {
  network = await shakyNetwork(site.address, (connection) => faults[connection]);
  return site.open(identity, network.address);
}

const large = randomBytes(9_000_000);
const fresh = () => `shop/packs/aa/${count++}`;
const middle = 3_000_000;
const stagedNow = () => readdirSync(join(site.folder, ".staging"));

describe("a put", () => {
  test.each<[string, NetworkFault[]]>([
    ["the connection is cut in the middle of it", [{ kind: "cut", way: "up", after: middle }]],
    ["it is cut again and again", Array.from({ length: 3 }, () => ({ kind: "cut", way: "up", after: middle }))],
    ["a byte of it is damaged on the way", [{ kind: "damage", way: "up", after: middle }]],
    ["its answer is lost", [{ kind: "lose-answer", after: large.byteLength }]],
    ["the server is away for a moment", [{ kind: "refuse" }, { kind: "refuse" }]],
  ])("is done once and whole when %s", async (_what, faults) => {
    const store = await openShaky(...faults);
    const key = fresh();
    await store.put(key, [large.subarray(0, 5), large.subarray(5)]);
    expect(large.equals(await store.get(key))).toBe(true);
    expect(network?.connections()).toBeGreaterThan(faults.length);
    await waitFor("nothing to be staged", () => stagedNow().length === 0);
  });

  test("whose answer was lost does not take another writer's object for its own", async () => {
    const key = fresh();
    await (await site.open(identity)).put(key, Buffer.from("theirs"));
    const store = await openShaky({ kind: "refuse" });
    await expect(store.put(key, Buffer.from("ours"))).rejects.toMatchObject({ code: "object-exists" });
  });

  test("that is cancelled in the middle ends at once and leaves nothing", async () => {
    const store = await openShaky();
    const key = fresh();
    const controller = new AbortController();
    const putting = store.put(key, large, { signal: controller.signal });
    await waitFor("it to be staged", () => stagedNow().length > 0, { interval: 1 });
    controller.abort();
    await expect(putting).rejects.toMatchObject({ code: "cancelled" });
    await waitFor("nothing to be staged", () => stagedNow().length === 0);
    expect(await store.head(key)).toBeUndefined();
  });
});

describe("a read", () => {
  test.each<[string, NetworkFault[]]>([
    ["the connection is cut in the middle of it", [{ kind: "cut", way: "down", after: middle }]],
    ["all its connections are cut", Array.from({ length: 5 }, () => ({ kind: "cut", way: "down", after: 1_000_000 }))],
    ["a byte of it is damaged on the way", [{ kind: "damage", way: "down", after: middle }]],
    ["the server is away for a moment", [{ kind: "refuse" }, { kind: "refuse" }]],
  ])("is whole all the same when %s", async (_what, faults) => {
    const key = fresh();
    await (await site.open(identity)).put(key, large);
    const store = await openShaky(...faults);
    expect(large.equals(await store.get(key))).toBe(true);
    const range = { offset: 1_234_567, length: 7_000_000 };
    expect(large.subarray(range.offset, range.offset + range.length).equals(await store.get(key, { range }))).toBe(
      true,
    );
  });

  test("of a list that is cut gives the whole list", async () => {
    const folder = join(site.folder, "shop", "packs", "bb");
    mkdirSync(folder, { recursive: true });
    const names = Array.from({ length: 3000 }, (_, n) => `${String(n).padStart(4, "0")}-${"x".repeat(60)}`);
    for (const name of names) writeFileSync(join(folder, name), "");
    const store = await openShaky({ kind: "cut", way: "down", after: 100_000 });
    const found = await collect(store.list("shop/packs/bb/"));
    expect(found.map(({ key }) => key.slice("shop/packs/bb/".length)).sort()).toEqual(names);
  });
});

test("a vault that is gone is waited for, and never looks empty", async () => {
  const store = await openShaky(...Array.from({ length: 50 }, (): NetworkFault => ({ kind: "refuse" })));
  const signal = AbortSignal.timeout(1500);
  await expect(collect(store.list("shop/", { signal }))).rejects.toMatchObject({ code: "cancelled" });
});

describe("a vault that is full", () => {
  const open = async (vault: Parameters<typeof startVaultSite>[1]) => {
    const full = await startVaultSite({ shop: "app-1", bank: "db-1" }, vault);
    return {
      full,
      store: await full.open(await full.enrol("app-1")),
      other: await full.open(await full.enrol("db-1")),
    };
  };
  const kilobytes = (count: number) => randomBytes(count * 1000);

  test("refuses what goes over a host's quota, and lets the other host go on", async () => {
    const { full, store, other } = await open({ quotaPerHost: 500_000 });
    await store.put("shop/packs/aa/1", kilobytes(300));
    await expect(store.put("shop/packs/aa/2", kilobytes(300))).rejects.toMatchObject({
      ...{ code: "disk-full", retryable: false, hint: expect.stringContaining("vault.quotaPerHost") },
      message: expect.stringContaining("the quota of the host app-1 in the vault, 500 kB, has no room for 300 kB"),
    });
    expect(await store.head("shop/packs/aa/2")).toBeUndefined();
    expect(await store.freeSpace?.()).toBe(200_000);
    await other.put("bank/packs/aa/1", kilobytes(300));
    await full.stop();
  });

  test("counts what is there at its start, and writers that come at once", async () => {
    const { full, store } = await open({ quota: 1_000_000 });
    mkdirSync(join(full.folder, "shop", "packs", "aa"), { recursive: true });
    writeFileSync(join(full.folder, "shop", "packs", "aa", "there"), kilobytes(600));
    const puts = Array.from({ length: 8 }, (_, n) => store.put(`shop/packs/bb/${n}`, kilobytes(100)));
    const results = await Promise.allSettled(puts);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    await full.stop();
  });

  test("leaves room on its disk", async () => {
    const { full, store } = await open({ keepFree: 2 ** 52 });
    await expect(store.put("shop/packs/aa/1", kilobytes(1))).rejects.toMatchObject({
      ...{ code: "disk-full", hint: expect.stringContaining("vault.keepFree") },
      message: expect.stringContaining("the disk of the vault has no room"),
    });
    expect(await store.freeSpace?.()).toBe(0);
    await full.stop();
  });
});

test("what a crash has left is removed when it is old, and what is on its way is not", async () => {
  const crashed = await startVaultSite({ shop: "app-1" });
  mkdirSync(join(crashed.folder, ".staging"), { recursive: true });
  for (const name of ["old", "new"]) writeFileSync(join(crashed.folder, ".staging", name), "half of it");
  const hours = (count: number) => (crashed.clock.now() - count * 3_600_000) / 1000;
  utimesSync(join(crashed.folder, ".staging", "old"), hours(3), hours(3));
  await (await crashed.open(await crashed.enrol("app-1"))).head("shop/packs/aa/1");
  expect(readdirSync(join(crashed.folder, ".staging"))).toEqual(["new"]);
  await crashed.stop();
});
