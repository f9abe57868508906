import { hash } from "node:crypto";
import { memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { initRepository, openRepository } from "../index.ts";
import { backUp, grantedDomain, passphrase, readBack, seededRandom } from "../testing/index.ts";

const random = seededRandom(21);
const sha = (bytes: Uint8Array) => hash("sha256", bytes);
const files = {
  "big/random": random.bytes(2_500_000),
  "big/text": random.text(3_000_000),
  "small/a": random.bytes(3000),
  "small/b": random.text(9000),
};

async function sampleStore() {
  const store = memoryStore();
  const repository = await initRepository(store, { passphrase });
  const domain = repository.domain("orders");
  await backUp(domain, { "small/a": files["small/a"] }, { pointId: "first" });
  await backUp(domain, files, { pointId: "second" });
  return { sample: store, grant: repository.grant("orders") };
}

const { sample, grant } = await sampleStore();
const data = /^(domains|orders\/(packs|index|points))\//; // leases are of interest to backups and sweeps only
const sealed = [...sample.objects.keys()].filter((key) => data.test(key));
const copy = () => memoryStore(new Map([...sample.objects].map(([key, bytes]) => [key, Buffer.from(bytes)])));

/** Compares as bytes: going through millions of them one by one takes seconds. */
function expectFiles(found: unknown): void {
  const digest = (content: unknown) =>
    Object.entries(content as typeof files).map(([path, bytes]) => [path, sha(bytes)]);
  expect(digest(found)).toEqual(digest(files));
}

function places(length: number): number[] {
  const chosen = Array.from({ length: 12 }, () => random.below(length));
  return [...new Set([0, 7, 8, 23, 24, length - 13, length - 1, ...chosen])].filter((at) => at >= 0 && at < length);
}

test("the sample has every kind of sealed object", () => {
  for (const part of ["domains/", "orders/packs/", "orders/index/", "orders/points/"]) {
    expect(sealed.some((key) => key.startsWith(part))).toBe(true);
  }
});

test.each(sealed)("one flipped bit anywhere in %s is found and named, and never restored as data", async (key) => {
  for (const at of places(sample.objects.get(key)?.length ?? 0)) {
    const store = copy();
    const bytes = store.objects.get(key);
    bytes?.writeUInt8((bytes[at] ?? 0) ^ (1 << random.below(8)), at);
    const domain = grantedDomain(store, grant);
    const { damage } = await domain.verify({ level: "read" });
    expect(
      damage.map(({ object }) => object),
      `byte ${at}`,
    ).toContain(key);
    await expectTrueOrRefused(async () => readBack(await domain.openPoint("second")));
  }
});

/** Damage may cost data; it must never look like data. */
async function expectTrueOrRefused(read: () => Promise<Record<string, Buffer>>): Promise<void> {
  const found = await read().catch((error: unknown) => error);
  if (found instanceof Error) expect(found).toMatchObject({ code: "repository-corrupt" });
  else expectFiles(found);
}

test.each(sealed)("the absence of %s is found", async (key) => {
  const store = copy();
  store.objects.delete(key);
  const domain = grantedDomain(store, grant);
  const { damage, points } = await domain.verify({ level: "presence" });
  if (key.includes("/packs/")) expect(damage.map(({ object }) => object)).toContain(key);
  // A manifest that is gone is a point that is gone; an index or a domain's mark is not needed to restore.
  else if (key.includes("/points/")) expect(points).toHaveLength(1);
  else expectFiles(await readBack(await domain.openPoint("second")));
});

test("the plain objects of a repository cannot be bent to open it as another", async () => {
  const { id } = await openRepository(sample, { passphrase });
  for (const key of [...sample.objects.keys()].filter((name) => !sealed.includes(name))) {
    const length = sample.objects.get(key)?.length ?? 0;
    for (const at of places(length).slice(0, 6)) {
      const store = copy();
      const bytes = store.objects.get(key);
      bytes?.writeUInt8((bytes[at] ?? 0) ^ 1, at);
      const opened = await openRepository(store, { passphrase }).catch((error: unknown) => error);
      if (opened instanceof Error) expect(opened).toHaveProperty("code");
      else expect(opened).toMatchObject({ id });
    }
  }
});

test("a damaged segment is charged to the points and entries that need it, and to no others", async () => {
  const store = copy();
  const domain = grantedDomain(store, grant);
  const [pack] = [...store.objects]
    .filter(([key]) => key.includes("/packs/"))
    .sort((a, b) => b[1].length - a[1].length);
  pack?.[1].writeUInt8((pack[1][100_000] ?? 0) ^ 1, 100_000); // within the first segment, which holds the first file
  const { damage } = await domain.verify({ level: "read" });
  expect(damage).toEqual([expect.objectContaining({ object: pack?.[0], point: "second", entries: ["big/random"] })]);
  const only = await domain.verify({ level: "read", point: "first" });
  expect(only).toMatchObject({ points: ["first"], damage: [] });
});

test("the next backup stores again what a lost pack had", async () => {
  const store = copy();
  for (const key of [...store.objects.keys()]) if (key.includes("/packs/")) store.objects.delete(key);
  const domain = grantedDomain(store, grant);
  const { id } = await backUp(domain, files, { pointId: "third" });
  expectFiles(await readBack(await domain.openPoint(id)));
  expect((await domain.verify({ level: "read", point: "third" })).damage).toEqual([]);
});

test("a damaged manifest is an error of the list, or told beside the others", async () => {
  const store = copy();
  const [key, bytes] = [...store.objects].find(([name]) => name.endsWith("-first")) ?? ["", Buffer.alloc(99)];
  bytes.writeUInt8((bytes[40] ?? 0) ^ 1, 40);
  const domain = grantedDomain(store, grant);
  await expect(domain.listPoints()).rejects.toMatchObject({ code: "repository-corrupt" });
  const told: string[] = [];
  const rest = await domain.listPoints({ onDamaged: (object) => void told.push(object) });
  expect(rest.map(({ id }) => id)).toEqual(["second"]);
  expect(told).toEqual([key]);
});
