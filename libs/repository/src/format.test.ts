import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openFileStore } from "@muster/object-store";
import { memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { windowsFor } from "./chunk/cut.ts";
import { domainContext } from "./context.ts";
import { byteWriter } from "./encoding/byte-writer.ts";
import { boxKey, openBox, sealBox } from "./encrypt/box.ts";
import { domainKeyOf, splitDomainKey } from "./encrypt/keys.ts";
import { openRepository } from "./index.ts";
import { goldenFiles, goldenMeta, goldenPassphrase, goldenTakenAt } from "./testing/golden.ts";
import { readBack } from "./testing/index.ts";
import { appendEntry, decodeEntries } from "./tree/entry-codec.ts";
import type { Entry } from "./types.ts";

const text = await readFile(new URL("../../../docs/format.md", import.meta.url), "utf8");
const vectors = JSON.parse(/```json\n([\s\S]+?)\n```/.exec(text)?.[1] ?? "{}");
const domainKey = domainKeyOf(Buffer.from(vectors.masterKey, "hex"), vectors.repositoryId, vectors.domain);
const domain = domainContext(memoryStore(), vectors.repositoryId, vectors.domain, domainKey);
const hello = Buffer.from("hello");

test("keys and ids are those of docs/format.md", () => {
  const { id, seal, gear } = splitDomainKey(domainKey);
  expect(domainKey.toString("hex")).toBe(vectors.domainKey);
  expect(id.toString("hex")).toBe(vectors.idKey);
  expect(seal.toString("hex")).toBe(vectors.sealKey);
  expect([...gear.subarray(0, 4)]).toEqual(vectors.gearStart);
  expect(domain.ids.of(hello).toString("hex")).toBe(vectors.chunkIdOfHello);
});

test("a box is that of docs/format.md", async () => {
  const key = boxKey(domain, "pack", vectors.packId, Buffer.from(vectors.packId, "hex"));
  expect(key.key.toString("hex")).toBe(vectors.packKey);
  expect(sealBox(key, 0, hello, 3).toString("hex")).toBe(vectors.boxZeroOfHello);
  expect((await openBox(key, 0, Buffer.from(vectors.boxZeroOfHello, "hex"))).toString()).toBe("hello");
  await expect(openBox(key, 1, Buffer.from(vectors.boxZeroOfHello, "hex"))).rejects.toHaveProperty("code");
});

test("content is cut as in docs/format.md", () => {
  const numbers = Array.from({ length: 62_500 }, (_, n) => Buffer.from(Uint32Array.of(n).buffer)); // little-endian here
  const bytes = Buffer.concat(numbers.map((number) => createHash("sha256").update(number).digest()));
  const window = windowsFor({ mode: "content" }, domain.gear)();
  expect(bytes.copy(window.buffer)).toBe(bytes.length);
  const cuts: number[] = [];
  for (let at = 0; at < bytes.length; at += cuts.at(-1) ?? 0) cuts.push(window.cut(at, bytes.length));
  expect(cuts).toEqual(vectors.cuts);
});

test("an entry is that of docs/format.md, and a longer one of a later version is understood", () => {
  const content = { depth: 0, chunks: [{ id: domain.ids.of(hello), length: 5 }] };
  const entry: Entry = {
    type: "file",
    path: "d/f",
    size: 5,
    content,
    ...goldenMeta,
    mtimeNs: 1_700_000_000_123_456_789n,
  };
  const writer = byteWriter();
  appendEntry(writer, entry);
  expect(writer.view().toString("hex")).toBe(vectors.entry);
  const later = Buffer.concat([writer.view(), Buffer.from("later")]);
  later.writeUInt8(writer.length - 1 + 5, 0);
  expect([...decodeEntries(later)]).toEqual([entry]);
});

test("the golden repository of version 1 is readable for ever", async () => {
  const store = await openFileStore(fileURLToPath(new URL("./testing/golden/v1", import.meta.url)));
  const repository = await openRepository(store, { passphrase: goldenPassphrase });
  const names: string[] = [];
  for await (const name of repository.domains()) names.push(name);
  expect(names).toEqual(["shop/größe"]);

  const shop = repository.domain("shop/größe");
  expect(await shop.listPoints()).toMatchObject([
    { id: "blocks", source: "db", takenAt: goldenTakenAt, facts: { version: "15.1", timeline: 1 }, entries: 1 },
    { id: "tree", source: "etc", kind: "files", host: "app-1", takenAt: goldenTakenAt + 1000, entries: 6 },
  ]);
  const blocks = await shop.openPoint("blocks");
  expect((await blocks.entry("base/1"))?.content.depth).toBe(1);
  expect((await readBack(blocks))["base/1"]?.equals(goldenFiles.relation)).toBe(true);

  const tree = await shop.openPoint("tree");
  const files = await readBack(tree);
  expect(Object.keys(files)).toEqual(["d/empty", "d/text", "name-\udcff"]);
  expect(files["d/text"]?.equals(goldenFiles.text)).toBe(true);
  expect(await tree.entry("d/text")).toMatchObject({ ...goldenMeta, owner: "root", group: "größe" });
  expect(await tree.entry("d/text-2")).toMatchObject({ type: "hardlink", target: "d/text" });
  expect(await tree.entry("link")).toMatchObject({ type: "symlink", target: "../elsewhere" });
  expect((await shop.verify({ level: "read" })).damage).toEqual([]);
});
