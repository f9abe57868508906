import { type DeletableStore, totalLength } from "@muster/object-store";
import { expect, test } from "vitest";
import { backUp, grantedDomain, meta, pieces, seededRandom, spec, takenAt } from "../testing/index.ts";
import { grace, type SweepSite, sweepSite } from "../testing/sweep-site.ts";

/* Each defence is taken away here, to show that data is lost without it in just the race that it is for. */

const day = 24 * 3_600_000;
const a = seededRandom(83).bytes(60_000);
const damageOf = async ({ domain }: SweepSite) => (await domain.verify({ level: "presence" })).damage;

async function siteWithGarbage(): Promise<SweepSite> {
  const site = await sweepSite();
  await backUp(site.domain, { a }, { pointId: "old" });
  site.expired.add("old");
  await site.sweep();
  site.advance(grace);
  await site.sweep(); // the point goes, its packs are marked
  site.advance(grace);
  return site;
}

test.each([true, false])("a backup that begins after the look at leases; it reads the marks: %s", async (reads) => {
  await using site = await siteWithGarbage();
  const store: DeletableStore = {
    ...site.store,
    async *list(prefix, options) {
      if (reads || !prefix.endsWith("/sweeps/")) yield* site.store.list(prefix, options);
    },
  };
  const begun = async () => {
    const writer = await grantedDomain(store, site.grant).beginPoint(spec({ pointId: "new" }));
    await writer.addFile("a", meta, pieces(a));
    return writer;
  };
  let writer: ReturnType<typeof begun> | undefined;
  await site.sweep(
    {},
    {
      ...site.store,
      async put(key, bytes, options) {
        if (/\/sweeps\/.*verdict/.test(key)) {
          writer ??= begun();
          await writer;
        }
        return site.store.put(key, bytes, options);
      },
    },
  );
  await (await writer)?.commit({ takenAt });
  expect((await site.domain.listPoints()).map(({ id }) => id)).toEqual(["new"]);
  expect((await damageOf(site)).length > 0).toBe(!reads);
});

test.each([true, false])("a manifest that arrives a day late; the sweep has taken its name: %s", async (takes) => {
  await using site = await sweepSite();
  const arrival = Promise.withResolvers<void>();
  const sent = Promise.withResolvers<void>();
  const slow: DeletableStore = {
    ...site.store,
    async put(key, bytes, options) {
      if (key.includes("/points/")) {
        sent.resolve();
        await arrival.promise;
      }
      return site.store.put(key, bytes, options);
    },
  };
  const outcome = backUp(grantedDomain(slow, site.grant), { a }, { pointId: "late" }).catch((error: unknown) => error);
  await sent.promise;
  const sweeper: DeletableStore = {
    ...site.store,
    async put(key, bytes, options) {
      if (takes || !key.includes("/points/") || totalLength(bytes) > 0) await site.store.put(key, bytes, options);
    },
  };
  for (let round = 0; round < 3; round++) {
    site.advance(2 * day);
    await site.sweep({}, sweeper);
  }
  expect(site.keys("/packs/")).toEqual([]);
  arrival.resolve();
  if (takes) expect(await outcome).toMatchObject({ code: "conflict" });
  else expect(await outcome).toMatchObject({ id: "late" });
  expect((await damageOf(site)).length > 0).toBe(!takes);
});

test.each([true, false])("lists that lag; the grace is waited out: %s", async (waits) => {
  await using site = await sweepSite();
  const options = { grace: waits ? grace : 1 };
  await backUp(site.domain, { a }, { pointId: "old" });
  site.expired.add("old");
  await site.sweep(options);
  site.advance(grace);
  await site.sweep(options); // the point goes, its packs are marked just now
  const without = (folder: string): DeletableStore => ({
    ...site.store,
    async *list(prefix, given) {
      if (!prefix.endsWith(folder)) yield* site.store.list(prefix, given);
    },
  });
  const writer = await grantedDomain(without("/sweeps/"), site.grant).beginPoint(spec({ pointId: "new" }));
  await writer.addFile("a", meta, pieces(a));
  await site.sweep(options, without("/leases/"));
  await writer.commit({ takenAt });
  site.advance(grace);
  await site.sweep(options); // now the lists show everything
  expect((await damageOf(site)).length > 0).toBe(!waits);
});
