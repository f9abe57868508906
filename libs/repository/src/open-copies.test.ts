import { hash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { faultyStore, memoryStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { domainContext } from "./context.ts";
import { copyPoints, type Detour, initCopy, initRepository, openCopies, restoreTree } from "./index.ts";
import { backUp, passphrase, seededRandom } from "./testing/index.ts";
import { miswrittenPack } from "./testing/miswritten-pack.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-copies-"));
afterAll(() => rmSync(folder, { recursive: true }));

const random = seededRandom(31);
// More than `threadsPayFrom`, so that threads write it.
const files = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`f${n}`, random.bytes(2_000_000)]));

const main = memoryStore();
const second = memoryStore();
const repository = await initRepository(main, { passphrase });
await backUp(repository.domain("orders"), files, { pointId: "p" });
await initCopy(main, second);
const grant = repository.grant("orders");
await copyPoints(main, second, grant, { holder: "test" });

const lost = () => new MusterError("store-unavailable", "the store was stopped");

async function restoreFrom(first: ObjectStore, name: string) {
  const detours: Detour[] = [];
  const places = [
    { name: "main", open: async () => first },
    { name: "second", open: async () => second },
  ];
  const domain = await openCopies(places, grant, { onDetour: (detour) => void detours.push(detour) });
  const target = join(folder, name);
  await restoreTree(await domain.openPoint("p"), target);
  for (const [path, bytes] of Object.entries(files)) {
    expect(hash("sha256", readFileSync(join(target, path)))).toBe(hash("sha256", bytes));
  }
  return detours;
}

test("a restore goes on with the next copy when the first one stops in the middle, and says so", async () => {
  let gets = 0;
  const dying = faultyStore(main, (_, operation) =>
    operation === "get" && gets++ > 12 ? { kind: "fail", error: lost() } : undefined,
  );
  const detours = await restoreFrom(dying, "stopped");
  expect(gets).toBeGreaterThan(12);
  expect(detours[0]).toMatchObject({ repository: "main", error: { code: "store-unavailable" } });
});

test("a restore takes damaged and missing objects from the next copy, and the others from the first", async () => {
  const hurt = memoryStore(new Map([...main.objects].map(([key, bytes]) => [key, Buffer.from(bytes)])));
  const [flipped = "", ...others] = [...hurt.objects.keys()].filter((key) => key.startsWith("orders/packs/"));
  hurt.objects.get(flipped)?.writeUInt8(1, 5000);
  const [gone] = others;
  if (gone !== undefined) hurt.objects.delete(gone);
  for (const key of hurt.objects.keys()) if (key.startsWith("orders/points/")) hurt.objects.get(key)?.writeUInt8(1, 60);
  const detours = await restoreFrom(hurt, "damaged");
  expect(detours.map(({ object }) => object)).toContain(flipped);
  expect(detours.some(({ object }) => object.startsWith("orders/points/"))).toBe(true);
});

test("so does a restore of packs that were sealed with another content", async () => {
  const hurt = memoryStore(new Map(main.objects));
  const context = domainContext(hurt, grant.repositoryId, grant.domain, Buffer.from(grant.key, "base64url"));
  const bad: string[] = [];
  for (const [key, bytes] of main.objects) {
    const pack = key.startsWith("orders/packs/") ? await miswrittenPack(context, key, bytes) : undefined;
    if (pack === undefined) continue;
    hurt.objects.set(key, pack);
    bad.push(key);
  }
  expect(bad).not.toEqual([]);
  const detours = await restoreFrom(hurt, "miswritten");
  expect(detours.map(({ object }) => object)).toEqual(expect.arrayContaining(bad));
});

test("a copy that cannot be opened is left out, and the reason told", async () => {
  const empty = memoryStore();
  const detours = await restoreFrom(empty, "empty");
  expect(detours[0]).toMatchObject({ repository: "main", error: { code: "repository-missing" } });
});

test("a copy that never answers is left out after the time that is given", async () => {
  const silent = { name: "main", open: () => new Promise<never>(() => undefined) };
  const domain = await openCopies([silent, { name: "second", open: async () => second }], grant, { patience: 50 });
  expect((await domain.listPoints()).map(({ id }) => id)).toEqual(["p"]);
});

test("when no copy opens, the first one's reason is thrown", async () => {
  const places = ["main", "second"].map((name) => ({ name, open: async () => memoryStore() }));
  await expect(openCopies(places, grant)).rejects.toMatchObject({ code: "repository-missing" });
});
