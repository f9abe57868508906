import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { seededRandom } from "../testing/random.ts";
import { newDomain, spec, takenAt } from "../testing/sample.ts";

const scratch = await mkdtemp(join(tmpdir(), "muster-like-"));
afterAll(() => rm(scratch, { recursive: true }));
const content = seededRandom(4).bytes(70 * 65_536 + 100);
const store = memoryStore();
const domain = await newDomain(store);

async function point() {
  const source = join(scratch, "source");
  await writeFile(source, content, { mode: 0o640 });
  const writer = await domain.beginPoint(spec({ kind: "postgres" }));
  await writer.addBlocks([{ path: "base/5/1", absolutePath: source, length: content.length, reuse: false }]);
  const { id } = await writer.commit({ takenAt });
  const reader = await domain.openPoint(id);
  const entry = await reader.entry("base/5/1");
  if (entry === undefined) throw new Error("the entry is missing");
  return { reader, entry };
}

const { reader, entry } = await point();
let count = 0;

/** Restores with an old file of some bytes; what was kept of it, and where the new one is. */
async function restoreLike(old: Uint8Array | undefined): Promise<{ kept: number; path: string; like: string }> {
  const folder = join(scratch, `r${count++}`);
  await mkdir(folder);
  const [like, path] = [join(folder, "old"), join(folder, "new")];
  if (old !== undefined) await writeFile(like, old);
  const file = { entry, content: entry, path: Buffer.from(path), ownership: false };
  return { kept: await reader.writeLike(file, like), path, like };
}

test.each([
  ["the same", content, content.length],
  ["with a block changed", Buffer.from(content).fill(9, 200_000, 200_010), content.length - 65_536],
  ["cut off", content.subarray(0, 3 * 65_536 + 7), 3 * 65_536],
  ["longer", Buffer.concat([content, Buffer.alloc(100_000, 1)]), content.length],
  ["empty", Buffer.alloc(0), 0],
  ["missing", undefined, 0],
])("an old file that is %s gives what is right in it, and the new one is whole", async (_, old, kept) => {
  const done = await restoreLike(old);
  expect((await readFile(done.path)).equals(content)).toBe(true);
  expect(done.kept).toBe(kept);
  expect((await stat(done.path)).mode & 0o7777).toBe(0o640);
  if (old !== undefined) expect((await readFile(done.like)).equals(old)).toBe(true); // it may have to go back
});

test("an old file that is a link is not followed, and nothing is written over", async () => {
  const folder = join(scratch, "link");
  await mkdir(folder);
  await symlink("/etc/hostname", join(folder, "old"));
  const file = { entry, content: entry, path: Buffer.from(join(folder, "new")), ownership: false };
  expect(await reader.writeLike(file, join(folder, "old"))).toBe(0);
  await expect(reader.writeLike(file, join(folder, "old"))).rejects.toMatchObject({ code: "conflict" });
  expect((await readFile(join(folder, "new"))).equals(content)).toBe(true);
});
