import { MusterError } from "@muster/core";
import { faultyStore, memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { initRepository } from "../index.ts";
import { backUp, grantedDomain, meta, passphrase, pieces, readBack, seededRandom, spec } from "../testing/index.ts";

const random = seededRandom(71);
/** Enough for several packs in each thread. */
const large = random.bytes(70_000_000);

async function newStore() {
  const store = memoryStore();
  const grant = (await initRepository(store, { passphrase })).grant("d");
  return { store, grant };
}

/** A store that fails from the n-th pack on. */
function failingAfter(store: ReturnType<typeof memoryStore>, packs: number, error: MusterError) {
  let left = packs;
  return {
    ...store,
    put: async (...call: Parameters<typeof store.put>) => {
      if (call[0].includes("/packs/") && left-- <= 0) throw error;
      return store.put(...call);
    },
  };
}

test("what several threads sealed into many packs is read back and found whole", async () => {
  const { store, grant } = await newStore();
  const domain = grantedDomain(store, grant);
  const files = { "a/large": large, "b/text": random.text(9_000_000), "c/small": random.bytes(10) };
  const { id } = await backUp(domain, files);
  expect([...store.objects.keys()].filter((key) => key.includes("/packs/")).length).toBeGreaterThan(4);
  const found = await readBack(await domain.openPoint(id));
  for (const [path, content] of Object.entries(files)) expect(found[path]?.equals(content), path).toBe(true);
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);
});

test.each([0, 1, 2])("a store that fails after %i packs ends the backup with its error", async (packs) => {
  const { store, grant } = await newStore();
  const error = new MusterError("disk-full", "no room for a pack");
  const domain = grantedDomain(failingAfter(store, packs, error), grant);
  await expect(backUp(domain, { large })).rejects.toBe(error);
  expect(await domain.listPoints()).toEqual([]);
  // The next backup uses what was stored.
  expect((await backUp(grantedDomain(store, grant), { large })).logicalBytes).toBe(large.length);
});

test("a backup that is given up in the middle ends its threads, and nothing of it is listed", async () => {
  const { store, grant } = await newStore();
  const domain = grantedDomain(store, grant);
  const controller = new AbortController();
  const writer = await domain.beginPoint(spec(), {
    signal: controller.signal,
    onProgress: ({ bytesRead }) => bytesRead > 30_000_000 && controller.abort(),
  });
  await expect(writer.addFile("large", meta, pieces(large))).rejects.toMatchObject({ code: "cancelled" });
  await writer.abort();
  expect(await domain.listPoints()).toEqual([]);
});

test("a slow store holds the threads back, and nothing is lost or hangs", async () => {
  const { store, grant } = await newStore();
  const slow = faultyStore(store, () => ({ kind: "delay", milliseconds: 60 }));
  const { id } = await backUp(grantedDomain(slow, grant), { large });
  expect((await readBack(await grantedDomain(store, grant).openPoint(id))).large?.equals(large)).toBe(true);
});
