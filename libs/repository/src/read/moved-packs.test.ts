import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { restoreTree } from "../index.ts";
import { backUp, readBack, seededRandom } from "../testing/index.ts";
import { type SweepSite, sweepSite } from "../testing/sweep-site.ts";

const folder = await mkdtemp(join(tmpdir(), "muster-moved-"));
afterAll(() => rm(folder, { recursive: true }));
const random = seededRandom(57);

/** Sweeps that write every pack anew and delete the old ones. */
async function moveAllPacks(site: SweepSite): Promise<void> {
  const before = site.keys("/packs/");
  await site.sweep({ repackBelow: 2 });
  await site.sweepAll();
  expect(site.keys("/packs/").filter((key) => before.includes(key))).toEqual([]);
}

test("a reader that was opened before a sweep moved all packs finds each chunk where it is now, again and again", async () => {
  await using site = await sweepSite();
  const files = { a: random.bytes(300_000), b: random.text(200_000) };
  await backUp(site.domain, files, { pointId: "p" });
  const reader = await site.domain.openPoint("p");
  for (let round = 0; round < 3; round++) {
    await moveAllPacks(site);
    const found = await readBack(reader);
    expect([found.a?.equals(files.a), found.b?.equals(files.b)]).toEqual([true, true]);
  }
});

test("so does a restore in threads", async () => {
  await using site = await sweepSite();
  const files = { large: random.bytes(17_000_000), "small/a": random.bytes(3000), "small/b": random.bytes(5000) };
  await backUp(site.domain, files, { pointId: "p" });
  const reader = await site.domain.openPoint("p");
  await moveAllPacks(site);
  const target = join(folder, "target");
  await restoreTree(reader, target, { ownership: false });
  for (const [path, bytes] of Object.entries(files)) {
    expect((await readFile(join(target, path))).equals(bytes), path).toBe(true);
  }
});

test("a pack that is really gone is named", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, { a: random.bytes(100_000) }, { pointId: "p" });
  const reader = await site.domain.openPoint("p");
  const packs = site.keys("/packs/");
  for (const key of packs) site.store.objects.delete(key);
  await expect(readBack(reader)).rejects.toMatchObject({
    code: "repository-corrupt",
    message: expect.stringMatching(/packs\/.* is missing/),
  });
});
