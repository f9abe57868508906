import { mkdtemp, open, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { seededRandom } from "../testing/random.ts";
import { newDomain, readBack, spec, takenAt } from "../testing/sample.ts";
import type { Domain } from "../types.ts";
import type { BlockFile, StoredBlocks } from "../write/types.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-blocks-"));
afterAll(() => rm(scratch, { recursive: true }));
let count = 0;

async function newFile(content: Uint8Array): Promise<string> {
  const path = join(scratch, `f${count++}`);
  await writeFile(path, content);
  await utimes(path, 1_700_000_000, 1_700_000_000); // settled long ago
  return path;
}

function blockFile(absolutePath: string, length: number, more: Partial<BlockFile> = {}): BlockFile {
  return { path: "base/5/16384", absolutePath, length, reuse: false, ...more };
}

async function backUp(domain: Domain, file: BlockFile, startedAt = takenAt) {
  const writer = await domain.beginPoint(spec({ kind: "postgres", startedAt }));
  const [stored] = await writer.addBlocks([file]);
  const point = await writer.commit({ takenAt });
  const [content] = Object.values(await readBack(await domain.openPoint(point.id)));
  return { stored: stored as StoredBlocks, point, content, previous: writer.previous }; // one file was given
}

test("a change inside a file stores the block that it is in, and no other", async () => {
  const domain = await newDomain(memoryStore());
  const bytes = seededRandom(1).bytes(3_000_001);
  const path = await newFile(bytes);
  const first = await backUp(domain, blockFile(path, bytes.length));
  expect(first.content?.equals(bytes)).toBe(true);
  bytes.fill(7, 1_000_000, 1_000_010);
  await writeFile(path, bytes);
  const second = await backUp(domain, blockFile(path, bytes.length));
  expect(second.content?.equals(bytes)).toBe(true);
  expect(second.previous?.id).toBe(first.point.id);
  expect(second.point.storedBytes).toBeGreaterThan(65_536);
  expect(second.point.storedBytes).toBeLessThan(2 * 65_536);
});

test("of a file that has grown the listed length is stored, of one that was cut off what is left", async () => {
  const domain = await newDomain(memoryStore());
  const bytes = seededRandom(2).bytes(200_000);
  const path = await newFile(bytes);
  const grown = await backUp(domain, blockFile(path, 131_072));
  expect(grown.content?.equals(bytes.subarray(0, 131_072))).toBe(true);
  expect(grown.stored).toMatchObject({ bytes: 131_072, changed: true });
  await truncate(path, 70_000);
  const cut = await backUp(domain, blockFile(path, 200_000));
  expect(cut.content?.equals(bytes.subarray(0, 70_000))).toBe(true);
});

test("an unchanged file is taken from the point before only when that is asked for", async () => {
  const domain = await newDomain(memoryStore());
  const bytes = seededRandom(3).bytes(300_000);
  const path = await newFile(bytes);
  const soon = Date.now() + 5000; // the file's change time is more than a second before the start
  await backUp(domain, blockFile(path, bytes.length), soon);
  const asked = await backUp(domain, blockFile(path, bytes.length, { reuse: true }), soon);
  expect(asked.stored).toMatchObject({ unchanged: true, bytes: bytes.length });
  expect(asked.content?.equals(bytes)).toBe(true);
  const read = await backUp(domain, blockFile(path, bytes.length), soon);
  expect(read.stored.unchanged).toBe(false);
});

test("a bad page is told by its number within the relation, and stored as it is", async () => {
  const domain = await newDomain(memoryStore());
  const bytes = Buffer.alloc(10 * 8192);
  bytes.fill(1, 8192, 2 * 8192);
  bytes.fill(1, 9 * 8192);
  const pages = { firstPage: 131_072, since: 2n ** 64n - 1n };
  const { stored, content } = await backUp(domain, blockFile(await newFile(bytes), bytes.length, { pages }));
  expect(stored.badPages).toEqual([131_073, 131_081]);
  expect(content?.equals(bytes)).toBe(true);
});

test("a page that changes while it is read again is accepted", async () => {
  const domain = await newDomain(memoryStore());
  const path = await newFile(Buffer.alloc(8192, 1));
  const pages = { firstPage: 0, since: 2n ** 64n - 1n };
  await using handle = await open(path, "r+");
  let byte = 2;
  const timer = setInterval(() => void handle.write(Buffer.alloc(8192, byte++), 0, 8192, 0), 2);
  const { stored } = await backUp(domain, blockFile(path, 8192, { pages })).finally(() => clearInterval(timer));
  expect(stored.badPages).toEqual([]);
});

test("a file that has gone is told as not found, and the others are stored", async () => {
  const domain = await newDomain(memoryStore());
  const writer = await domain.beginPoint(spec({ kind: "postgres" }));
  const there = await newFile(Buffer.alloc(100_000, 3));
  const files = [blockFile(join(scratch, "gone"), 8192), blockFile(there, 100_000, { path: "base/5/2" })];
  const [gone, kept] = await writer.addBlocks(files);
  expect(gone?.failure?.code).toBe("not-found");
  expect(kept?.bytes).toBe(100_000);
  await writer.commit({ takenAt });
});
