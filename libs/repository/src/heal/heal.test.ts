import { memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { domainContext } from "../context.ts";
import { copyPoints, healDomain, initCopy, initRepository } from "../index.ts";
import { backUp, grantedDomain, passphrase, readBack, seededRandom } from "../testing/index.ts";
import { miswrittenPack } from "../testing/miswritten-pack.ts";

const random = seededRandom(91);
const files = { "big/random": random.bytes(2_500_000), "small/a": random.bytes(3000), text: random.text(400_000) };

async function twoCopies() {
  const main = memoryStore();
  const repository = await initRepository(main, { passphrase });
  const domain = repository.domain("orders");
  await backUp(domain, { "small/a": files["small/a"] }, { pointId: "first" });
  await backUp(domain, files, { pointId: "second" });
  const copy = memoryStore();
  await initCopy(main, copy);
  const grant = repository.grant("orders");
  await copyPoints(main, copy, grant, { holder: "test" });
  return { main, copy, grant };
}

const { main: sample, copy, grant } = await twoCopies();
const damagedCopy = () => memoryStore(new Map([...sample.objects].map(([key, bytes]) => [key, Buffer.from(bytes)])));
const data = [...sample.objects.keys()].filter((key) => /^(domains|orders\/(packs|index|points))\//.test(key));
const copies = [{ name: "second", store: copy }];
const catalogued = ["first", "second"];

/** What the control plane does: the catalog knows which points there should be. */
async function heal(store: ReturnType<typeof memoryStore>, from = copies) {
  const listed = new Set<string>();
  const found = await grantedDomain(store, grant).listPoints({ onDamaged: (key) => void listed.add(key.slice(-6)) });
  for (const { id } of found) listed.add(id);
  const missingPoints = catalogued.filter((id) => ![...listed].some((known) => id.endsWith(known)));
  return healDomain(store, from, grant, { holder: "test", missingPoints });
}

async function expectWhole(store: ReturnType<typeof memoryStore>): Promise<void> {
  expect((await grantedDomain(store, grant).verify({ level: "read" })).damage).toEqual([]);
  const found = await readBack(await grantedDomain(store, grant).openPoint("second"));
  for (const [path, bytes] of Object.entries(files)) expect(found[path]?.equals(bytes)).toBe(true);
}

test.each(data)("%s comes back after a flipped bit, and nothing is overwritten", async (key) => {
  const store = damagedCopy();
  const bytes = store.objects.get(key) ?? Buffer.alloc(0);
  const at = random.below(bytes.length);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 4, at);
  const before = new Map([...store.objects].map(([name, content]) => [name, Buffer.from(content)]));
  const found = (await grantedDomain(store, grant).verify({ level: "read" })).damage;
  expect(found.map(({ object }) => object)).toContain(key);
  const report = await heal(store);
  expect(report.healed.map(({ object }) => object)).toContain(key);
  expect(report.left).toEqual([]);
  await expectWhole(store);
  for (const [name, content] of before) expect(store.objects.get(name)?.equals(content)).toBe(true);
});

test.each(data)("%s comes back after it was cut short, and after it was removed", async (key) => {
  for (const hurt of ["cut", "removed"]) {
    const store = damagedCopy();
    const bytes = store.objects.get(key) ?? Buffer.alloc(0);
    if (hurt === "cut") store.objects.set(key, bytes.subarray(0, random.below(bytes.length)));
    else store.objects.delete(key);
    expect((await heal(store)).left).toEqual([]);
    await expectWhole(store);
  }
});

test("many objects damaged at random come back together", async () => {
  const store = damagedCopy();
  for (const key of data) {
    const bytes = store.objects.get(key) ?? Buffer.alloc(0);
    const at = random.below(bytes.length);
    const how = random.below(3);
    if (how === 0) bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    else if (how === 1) store.objects.set(key, bytes.subarray(0, at));
    else store.objects.delete(key);
  }
  await heal(store);
  await expectWhole(store);
});

test("what a damaged tree hides comes back too: a pack that is gone, and the indexes that knew of it", async () => {
  const packs = data.filter((key) => key.startsWith("orders/packs/"));
  const pairs = packs.flatMap((damaged) => packs.flatMap((gone) => (gone === damaged ? [] : [{ damaged, gone }])));
  expect(pairs.length).toBeGreaterThan(1);
  for (const { damaged, gone } of pairs) {
    const store = damagedCopy();
    for (const key of data) if (key === gone || key.startsWith("orders/index/")) store.objects.delete(key);
    store.objects.get(damaged)?.writeUInt8(7, 300);
    expect((await heal(store)).left, `${damaged} damaged, ${gone} gone`).toEqual([]);
    await expectWhole(store);
  }
});

test.each(data.filter((key) => key.includes("/packs/")))(
  "%s comes back when no index names it any more, also with a damaged manifest",
  async (pack) => {
    for (const manifest of [undefined, ...data.filter((key) => key.includes("/points/"))]) {
      const store = damagedCopy();
      for (const key of [pack, ...data.filter((name) => name.includes("/index/"))]) store.objects.delete(key);
      if (manifest !== undefined) store.objects.get(manifest)?.writeUInt8(7, 20);
      expect((await heal(store)).left).toEqual([]);
      await expectWhole(store);
    }
  },
);

test("the whole copy is taken when both are damaged in different places, and the rest is told exactly", async () => {
  const [main, second] = [damagedCopy(), memoryStore(new Map(copy.objects))];
  const packs = data.filter((key) => key.startsWith("orders/packs/"));
  const [one = "", two = ""] = packs;
  for (const key of [one, two]) main.objects.get(key)?.writeUInt8(7, 300);
  second.objects.set(two, Buffer.from(second.objects.get(two) ?? []));
  second.objects.get(two)?.writeUInt8(9, 300);
  const report = await heal(main, [{ name: "second", store: second }]);
  expect(report.healed).toEqual([{ object: one, from: "second" }]);
  expect(new Set(report.left.map(({ object }) => object))).toEqual(new Set([two]));
});

test("a pack that was cut short, and that no index speaks of, is read from what stands in for it", async () => {
  const store = damagedCopy();
  const packs = data.filter((key) => key.startsWith("orders/packs/"));
  for (const key of packs) store.objects.set(key, store.objects.get(key)?.subarray(0, 500) ?? Buffer.alloc(0));
  expect((await heal(store)).left).toEqual([]);
  for (const key of store.objects.keys()) if (key.startsWith("orders/index/")) store.objects.delete(key);
  await expectWhole(store);
});

test("a pack that was sealed with another content comes back, and is read from what stands in for it", async () => {
  const store = damagedCopy();
  const context = domainContext(store, grant.repositoryId, grant.domain, Buffer.from(grant.key, "base64url"));
  let hurt = 0;
  for (const key of data.filter((name) => name.startsWith("orders/packs/"))) {
    const pack = await miswrittenPack(context, key, store.objects.get(key) ?? Buffer.alloc(0));
    if (pack === undefined) continue;
    store.objects.set(key, pack);
    hurt += 1;
  }
  expect(hurt).toBeGreaterThan(0);
  expect((await heal(store)).healed).toHaveLength(hurt);
  await expectWhole(store);
});

test("without a copy, the next backup stores again what it still has, and old points read it from there", async () => {
  const store = damagedCopy();
  for (const key of data) if (key.startsWith("orders/packs/")) store.objects.get(key)?.writeUInt8(7, 300);
  expect((await heal(store, [])).left).not.toEqual([]);
  await backUp(grantedDomain(store, grant), files, { pointId: "third" });
  const { damage } = await grantedDomain(store, grant).verify({ level: "read" });
  expect(damage.filter(({ point }) => point === "third")).toEqual([]);
  const found = await readBack(await grantedDomain(store, grant).openPoint("second"));
  expect(found["big/random"]?.equals(files["big/random"])).toBe(true);
});

test("what stands in for an object is used only where the object itself is damaged", async () => {
  const store = damagedCopy();
  for (const key of data.filter((name) => name.startsWith("orders/"))) {
    const place = key.slice("orders/".length);
    store.objects.set(`orders/healed/${place}/0123456789abcdef`, Buffer.from("planted by somebody who may only add"));
  }
  await expectWhole(store);
});
