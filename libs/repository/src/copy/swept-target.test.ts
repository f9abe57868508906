import { MusterError } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import { memoryStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { copyPoints } from "../index.ts";
import { formatName, formatVersion, repositoryKey } from "../repository-file.ts";
import { backUp, grantedDomain, readBack, seededRandom } from "../testing/index.ts";
import { grace, type SweepSite, sweepSite } from "../testing/sweep-site.ts";

/* A copy brings packs under the names that they have in its source; in the target a sweep may have given up these names. */

const day = 24 * 3_600_000;
const random = seededRandom(77);
const files = { a: random.bytes(200_000), b: random.text(100_000) };
const all = (): boolean => true;

/** A target that had a point, gave it up, and condemned its packs; the deletion of some of these failed. */
async function sweptTarget(site: SweepSite, fails: (key: string) => boolean) {
  const main = memoryStore();
  const file = { format: formatName, version: formatVersion, id: site.grant.repositoryId, createdAt: 1 };
  for (const store of [main, site.store]) await store.put(repositoryKey, Buffer.from(JSON.stringify(file)));
  await backUp(grantedDomain(main, site.grant), files, { pointId: "old" });
  await copyPoints(main, site.store, site.grant, { holder: "test" });
  site.expired.add("old");
  const failing: DeletableStore = {
    ...site.store,
    async delete(key) {
      if (key.includes("/packs/") && fails(key)) throw new MusterError("store-unavailable", "a fault of the test");
      await site.store.delete(key);
    },
  };
  for (let round = 0; round < 3; round++) {
    await site.sweep({}, failing);
    site.advance(grace);
  }
  await backUp(grantedDomain(main, site.grant), files, { pointId: "new" });
  return main;
}

async function expectNewIsWhole(site: SweepSite): Promise<void> {
  const found = await readBack(await site.domain.openPoint("new"));
  for (const [path, bytes] of Object.entries(files)) expect(found[path]?.equals(bytes)).toBe(true);
  expect((await site.domain.verify({ level: "read" })).damage).toEqual([]);
}

test("what it needs of condemned packs is stored under new names, and stays when these are deleted at last", async () => {
  await using site = await sweepSite();
  const main = await sweptTarget(site, all);
  const condemned = site.keys("/packs/");
  expect(condemned).not.toEqual([]);
  expect(await copyPoints(main, site.store, site.grant, { holder: "test", points: ["new"] })).toMatchObject({
    copied: ["new"],
  });
  expect(site.keys("/healed/")).toEqual([]);
  await site.sweepAll();
  expect(site.keys("/packs/").filter((key) => condemned.includes(key))).toEqual([]);
  await expectNewIsWhole(site);
});

test("it does not take the name of a pack again that was deleted a while ago, so that a late deletion does no harm", async () => {
  await using site = await sweepSite();
  const deleted: string[] = [];
  const main = await sweptTarget(site, (key) => {
    deleted.push(key);
    return false;
  });
  expect(deleted).not.toEqual([]);
  site.advance(20 * day);
  await site.sweepAll();
  await copyPoints(main, site.store, site.grant, { holder: "test", points: ["new"] });
  for (const key of deleted) await site.store.delete(key).catch(() => undefined); // of a sweeper that slept
  await expectNewIsWhole(site);
});

test("a second point uses what the first had stored anew", async () => {
  await using site = await sweepSite();
  const main = await sweptTarget(site, all);
  await backUp(grantedDomain(main, site.grant), files, { pointId: "newer" });
  await copyPoints(main, site.store, site.grant, { holder: "test", points: ["new"] });
  const before = site.keys("/packs/").length;
  await copyPoints(main, site.store, site.grant, { holder: "test", points: ["newer"] });
  const added = site.keys("/packs/").length - before;
  expect(added).toBeLessThanOrEqual(1); // the tree of the second point; no content
  await site.sweepAll();
  await expectNewIsWhole(site);
});
