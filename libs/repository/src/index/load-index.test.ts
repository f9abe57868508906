import { memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { domainContext } from "../context.ts";
import { initRepository } from "../index.ts";
import { backUp, passphrase, readBack, seededRandom } from "../testing/index.ts";
import { chunkIndex } from "./chunk-index.ts";
import { readIndex, writeIndex } from "./index-object.ts";
import { loadIndex } from "./load-index.ts";

const random = seededRandom(51);
const parts = [random.bytes(150_000), random.bytes(150_000), random.bytes(150_000)];

/** A domain with three points, each with a pack and an index of its own. */
async function threePoints() {
  const store = memoryStore();
  const repository = await initRepository(store, { passphrase });
  const domain = repository.domain("d");
  for (const [n, part] of parts.entries()) await backUp(domain, { part }, { pointId: `p${n}` });
  const key = Buffer.from(repository.grant("d").key, "base64url");
  const indexIds = () => [...store.objects.keys()].flatMap((name) => /^d\/index\/(.+)$/.exec(name)?.[1] ?? []);
  return { store, domain, context: domainContext(store, repository.id, "d", key), indexIds };
}

test("indexes can be merged: with the merged one there, the others may be there or not", async () => {
  const { store, domain, context, indexIds } = await threePoints();
  const old = indexIds();
  expect(old).toHaveLength(3);
  const before = (await loadIndex(context)).index.size;
  const packs = (await Promise.all(old.map((id) => readIndex(context, id)))).flatMap((index) => index.packs);
  await writeIndex(context, { supersedes: old, packs }, undefined);
  expect((await loadIndex(context)).index.size).toBe(before);

  for (const id of old) store.objects.delete(`d/index/${id}`);
  expect((await loadIndex(context)).index.size).toBe(before);
  expect((await readBack(await domain.openPoint("p1"))).part?.equals(parts[1] ?? Buffer.alloc(0))).toBe(true);
});

test("without any index, the footers of the packs give all points back", async () => {
  const { store, domain, indexIds } = await threePoints();
  for (const id of indexIds()) store.objects.delete(`d/index/${id}`);
  for (const [n, part] of parts.entries()) {
    expect((await readBack(await domain.openPoint(`p${n}`))).part?.equals(part)).toBe(true);
  }
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);
});

test("two writers at once may store a chunk twice, and both points are whole", async () => {
  const { domain } = await threePoints();
  const shared = random.bytes(500_000);
  const ids = ["x", "y"];
  await Promise.all(ids.map((pointId) => backUp(domain, { shared, own: Buffer.from(pointId) }, { pointId })));
  for (const id of ids) {
    const { shared: read, own } = await readBack(await domain.openPoint(id));
    expect([read?.equals(shared), own?.toString()]).toEqual([true, id]);
  }
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);
});

test("a hundred thousand chunks are found again, and no others", () => {
  const index = chunkIndex();
  const ids = Array.from({ length: 100_000 }, () => random.bytes(32));
  for (let at = 0; at < ids.length; at += 1000) {
    const chunks = ids.slice(at, at + 1000).map((id) => ({ id, length: 10 }));
    const segment = { offset: 24, length: 9000, plainLength: 10_000, chunks };
    index.addPack(random.bytes(16), 10_000, [segment]);
  }
  expect(index.size).toBe(ids.length);
  expect(index.find(ids[54_321] ?? Buffer.alloc(32))).toEqual({ segment: 54, offset: 3210, length: 10 });
  expect(ids.every((id) => index.has(id))).toBe(true);
  expect(index.has(random.bytes(32))).toBe(false);
});
