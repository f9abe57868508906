import { MusterError } from "@muster/core";
import { memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { initRepository, openDomain, openRepository } from "./index.ts";
import {
  backUp,
  meta,
  newDomain,
  passphrase,
  pieces,
  readBack,
  reopenDomain,
  seededRandom,
  spec,
  takenAt,
} from "./testing/index.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

test.each([1, 2, 3, 4])("random files come back byte for byte (seed %i)", async (seed) => {
  const random = seededRandom(seed);
  const store = memoryStore();
  const domain = await newDomain(store);
  const files: Record<string, Buffer> = {};
  for (let n = 0; n < 30; n++) {
    const size = [0, 1, random.below(3000), random.below(400_000), random.below(5_000_000)][random.below(5)] ?? 0;
    files[`dir-${random.below(4)}/file-${n}`] = random.below(2) === 0 ? random.bytes(size) : random.text(size);
  }
  const summary = await backUp(domain, files, { facts: { keys: 3 } });
  expect(summary.logicalBytes).toBe(Object.values(files).reduce((sum, content) => sum + content.length, 0));
  expect(summary.entries).toBe(30);

  const again = await reopenDomain(store);
  expect(await again.listPoints()).toEqual([summary]);
  const reader = await again.openPoint(summary.id);
  expect(reader.summary.facts).toEqual({ keys: 3 });
  const read = await readBack(reader);
  expect(Object.keys(read)).toEqual(Object.keys(files));
  for (const [path, content] of Object.entries(files)) expect(read[path]?.equals(content), path).toBe(true);
  expect(await again.verify({ level: "read" })).toMatchObject({ points: [summary.id], damage: [] });
});

test("entries keep what was said about them", async () => {
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec());
  const rare = { mode: 0o4755, uid: 4_000_000_000, gid: 7, owner: "postgres", group: "dbä", mtimeNs: "-5" };
  await writer.addDirectory("d", { ...meta, mode: 0o1777 });
  await writer.addFile("d/f", rare, pieces(Buffer.from("x")));
  await writer.addSymlink("d/s", "../../anywhere", meta);
  await writer.addHardLink("d/h", "d/f", meta);
  await writer.addDirectory("name \udcff\udc80 ü", meta);
  const { id } = await writer.commit({ takenAt });
  const reader = await domain.openPoint(id);
  expect(await reader.entry("d")).toMatchObject({ type: "directory", mode: 0o1777, mtimeNs: meta.mtimeNs });
  expect(await reader.entry("d/f")).toMatchObject({ ...rare, mtimeNs: -5n, type: "file", size: 1 });
  expect(await reader.entry("d/s")).toMatchObject({ type: "symlink", target: "../../anywhere" });
  const link = await reader.entry("d/h");
  expect(link).toMatchObject({ type: "hardlink", target: "d/f" });
  if (link === undefined) return;
  for await (const bytes of reader.read(link)) expect(Buffer.from(bytes).toString()).toBe("x");
  expect(await reader.entry("name \udcff\udc80 ü")).toBeDefined();
  expect(await reader.entry("none")).toBeUndefined();
});

test("overlapping calls keep the order in which they began", async () => {
  const random = seededRandom(7);
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec());
  const contents = Array.from({ length: 20 }, () => random.bytes(random.below(900_000)));
  await Promise.all(
    contents.map((content, n) => writer.addFile(`f${n}`, meta, pieces(content, 1 + random.below(99_999)))),
  );
  const { id } = await writer.commit({ takenAt });
  const read = await readBack(await domain.openPoint(id));
  expect(Object.keys(read)).toEqual(contents.map((_, n) => `f${n}`));
  for (const [n, content] of contents.entries()) expect(read[`f${n}`]?.equals(content)).toBe(true);
});

test("what is stored already is not stored again", async () => {
  const random = seededRandom(11);
  const domain = await newDomain(memoryStore());
  const content = random.bytes(6_000_000);
  const first = await backUp(domain, { a: content, copy: content });
  expect(first.storedBytes).toBeGreaterThan(6_000_000);
  expect(first.storedBytes).toBeLessThan(6_100_000);
  expect((await backUp(domain, { a: content, copy: content })).storedBytes).toBe(0);
  const changed = Buffer.concat([content.subarray(0, 3_000_000), random.bytes(100), content.subarray(3_000_000)]);
  const third = await backUp(domain, { a: changed });
  expect(third.storedBytes).toBeGreaterThan(0);
  expect(third.storedBytes).toBeLessThan(2_200_000); // one or two chunks of at most 1 MiB around the change
});

test("fixed blocks share what did not move", async () => {
  const random = seededRandom(12);
  const domain = await newDomain(memoryStore());
  const content = random.bytes(4 * 2 ** 20);
  const chunking = { mode: "fixed", size: 65_536 } as const;
  await backUp(domain, { relation: content }, { chunking });
  content[100_000] = (content[100_000] ?? 0) ^ 1;
  const next = await backUp(domain, { relation: content }, { chunking });
  expect(next.storedBytes).toBeGreaterThan(65_536);
  expect(next.storedBytes).toBeLessThan(65_536 + 8000);
});

test("a file of many chunks has lists of lists, and comes back", async () => {
  const random = seededRandom(13);
  const domain = await newDomain(memoryStore());
  const content = random.bytes(3 * 2 ** 20);
  const { id } = await backUp(domain, { big: content }, { chunking: { mode: "fixed", size: 1024 } });
  const reader = await domain.openPoint(id);
  const entry = await reader.entry("big");
  expect(entry?.content.depth).toBeGreaterThan(0);
  expect(entry?.size).toBe(content.length);
  expect((await readBack(reader)).big?.equals(content)).toBe(true);
});

test("a stream that fails leaves nothing of its entry, and the writer goes on", async () => {
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec());
  const failing = async function* () {
    yield Buffer.alloc(3_000_000, 1);
    throw new Error("pg_dump died");
  };
  await expect(writer.addFile("bad", meta, failing())).rejects.toThrow("pg_dump died");
  await writer.addFile("good", meta, pieces(Buffer.alloc(2_000_000, 1)));
  const { id, entries } = await writer.commit({ takenAt });
  expect(entries).toBe(1);
  expect(Object.keys(await readBack(await domain.openPoint(id)))).toEqual(["good"]);
});

test("a point is not listed before its commit, nor after an abort or a cancellation", async () => {
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec());
  await writer.addFile("f", meta, pieces(Buffer.alloc(20_000_000)));
  expect(await domain.listPoints()).toEqual([]);
  await writer.abort();
  await expect(writer.commit({ takenAt })).rejects.toEqual(code("conflict"));
  const stop = new AbortController();
  const cancelled = await domain.beginPoint(spec(), { signal: stop.signal });
  stop.abort();
  await expect(cancelled.addFile("f", meta, pieces(Buffer.alloc(10)))).rejects.toEqual(code("cancelled"));
  await expect(cancelled.commit({ takenAt })).rejects.toEqual(code("cancelled"));
  expect(await domain.listPoints()).toEqual([]);
});

test("a point id is committed once", async () => {
  const domain = await newDomain(memoryStore());
  await backUp(domain, { f: Buffer.from("1") }, { pointId: "p1" });
  await expect(domain.beginPoint(spec({ pointId: "p1" }))).rejects.toEqual(code("conflict"));
  await expect(domain.beginPoint(spec({ pointId: "../x" }))).rejects.toEqual(code("usage"));
});

test("points are listed by source and moment", async () => {
  const domain = await newDomain(memoryStore());
  for (const [source, at] of [
    ["b", 3000],
    ["a/x", 2000],
    ["a/x", 1000],
  ] as const) {
    const writer = await domain.beginPoint(spec({ source }));
    await writer.commit({ takenAt: at });
  }
  expect((await domain.listPoints()).map((point) => point.takenAt)).toEqual([1000, 2000, 3000]);
  expect((await domain.listPoints("a/x")).map((point) => point.takenAt)).toEqual([1000, 2000]);
  expect(await domain.listPoints("a")).toEqual([]);
  await expect(domain.openPoint("no")).rejects.toEqual(code("point-missing"));
});

test.each(["", "/abs", "a/../b", "..", "a//b", "a/", "./a", "nul\0"])("the path %j is refused", async (path) => {
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec());
  await expect(writer.addDirectory(path, meta)).rejects.toEqual(code("usage"));
});

test("a repository opens with its passphrase only, and is made once", async () => {
  const store = memoryStore();
  await expect(openRepository(store, { passphrase })).rejects.toEqual(code("repository-missing"));
  const { id } = await initRepository(store, { passphrase });
  await expect(initRepository(store, { passphrase })).rejects.toEqual(code("repository-exists"));
  await expect(openRepository(store, { passphrase: "wrong" })).rejects.toEqual(code("repository-key-wrong"));
  expect((await openRepository(store, { passphrase })).id).toBe(id);
});

test("a grant opens its own domain and no other", async () => {
  const store = memoryStore();
  const repository = await initRepository(store, { passphrase });
  await backUp(repository.domain("orders"), { f: Buffer.from("1") });
  await backUp(repository.domain("cache"), { f: Buffer.from("2") });
  const names: string[] = [];
  for await (const name of repository.domains()) names.push(name);
  expect(names.sort()).toEqual(["cache", "orders"]);

  const grant = repository.grant("orders");
  expect(await (await openDomain(store, grant)).listPoints()).toHaveLength(1);
  const forged = openDomain(store, { ...grant, domain: "cache" });
  await expect(forged).rejects.toEqual(code("repository-key-wrong"));
  const other = { ...grant, repositoryId: "another" };
  await expect(openDomain(store, other)).rejects.toEqual(code("repository-key-wrong"));
});

test("the store sees neither names nor content", async () => {
  const store = memoryStore();
  const domain = await newDomain(store);
  await backUp(
    domain,
    { "secret-name": Buffer.from("secret-content".repeat(100)) },
    { facts: { note: "secret-fact" } },
  );
  for (const [key, bytes] of store.objects) {
    expect(bytes.includes("secret"), key).toBe(false);
    expect(key.includes("secret")).toBe(false);
  }
});

test("a failed list is an error, not an empty repository", async () => {
  const store = memoryStore();
  const domain = await newDomain(store);
  await backUp(domain, { f: Buffer.from("1") });
  const broken = await reopenDomain({
    ...store,
    list: (prefix) => {
      if (prefix.startsWith("keys/")) return store.list(prefix);
      throw new MusterError("store-unavailable", "no list");
    },
  });
  await expect(broken.listPoints()).rejects.toEqual(code("store-unavailable"));
  await expect(broken.beginPoint(spec())).rejects.toEqual(code("store-unavailable"));
  await expect(broken.verify({ level: "presence" })).rejects.toEqual(code("store-unavailable"));
});
