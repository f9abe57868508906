import type { ObjectStore } from "@muster/object-store";
import { expect, test } from "vitest";
import { backUp, grantedDomain, meta, pieces, readBack, seededRandom, spec, takenAt } from "../testing/index.ts";
import { grace, type SweepSite, sweepSite } from "../testing/sweep-site.ts";

const random = seededRandom(81);
const content = random.bytes(300_000);
const code = (expected: string) => expect.objectContaining({ code: expected });
const day = 24 * 3_600_000;

const begin = (site: SweepSite, pointId: string, store: ObjectStore = site.store) =>
  grantedDomain(store, site.grant).beginPoint(spec({ pointId }));

test("a backup whose lease was ended by a sweep stops before its manifest, and says what to do", async () => {
  await using site = await sweepSite();
  const silent = await begin(site, "silent");
  await silent.addFile("f", meta, pieces(content));
  site.advance(day);
  await site.sweep();
  const stopped = await silent.commit({ takenAt }).catch((error: unknown) => error);
  expect(stopped).toMatchObject({ code: "lease-lost", retryable: true });
  expect(site.keys("/points/")).toEqual([]);
  await site.sweepAll();
  expect(site.keys("/packs/")).toEqual([]); // what it had stored was deleted
});

test("a lease that has expired, but that no sweep has ended, still commits", async () => {
  await using site = await sweepSite();
  const late = await begin(site, "late");
  await late.addFile("f", meta, pieces(content));
  site.advance(day);
  await late.commit({ takenAt });
  await site.sweepAll();
  expect((await readBack(await site.domain.openPoint("late"))).f?.equals(content)).toBe(true);
});

test("a backup that sleeps for a year between its last word and its manifest cannot commit any more", async () => {
  await using site = await sweepSite();
  const reached = Promise.withResolvers<void>();
  const wakeUp = Promise.withResolvers<void>();
  const sleepy: ObjectStore = {
    ...site.store,
    async put(key, bytes, options) {
      if (key.includes("/points/")) {
        reached.resolve();
        await wakeUp.promise;
      }
      await site.store.put(key, bytes, options);
    },
  };
  const writer = await begin(site, "sleeper", sleepy);
  await writer.addFile("f", meta, pieces(content));
  const committing = writer.commit({ takenAt }).catch((error: unknown) => error);
  await reached.promise;
  for (let month = 0; month < 12; month++) {
    await site.sweep();
    site.advance(30 * day);
  }
  expect(site.keys("/packs/")).toEqual([]);
  wakeUp.resolve();
  expect(await committing).toEqual(code("conflict"));
  expect(await site.domain.listPoints()).toEqual([]);
  expect((await site.domain.verify({ level: "read" })).damage).toEqual([]);
});

test("a backup that sleeps until its lease is cleaned up cannot commit any more", async () => {
  await using site = await sweepSite();
  const writer = await begin(site, "sleeper");
  await writer.addFile("f", meta, pieces(content));
  for (let month = 0; month < 12; month++) {
    site.advance(30 * day);
    await site.sweep();
  }
  expect(site.keys("/leases/")).toEqual([]);
  await expect(writer.commit({ takenAt })).rejects.toEqual(code("lease-lost"));
  expect(await site.domain.listPoints()).toEqual([]);
});

test("a backup that gives up leaves no lease that holds a sweep up", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, { f: content }, { pointId: "old" });
  site.expired.add("old");
  await site.sweep();
  site.advance(grace);
  const given = await begin(site, "given-up");
  await site.sweep();
  await given.abort();
  site.advance(grace);
  expect((await site.sweep()).domains[0]?.notes).toEqual([]);
  expect(site.keys("/packs/")).toEqual([]);
});
