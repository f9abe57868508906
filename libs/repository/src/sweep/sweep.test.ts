import type { DeletableStore } from "@muster/object-store";
import { expect, test } from "vitest";
import { backUp, meta, pieces, readBack, seededRandom, spec } from "../testing/index.ts";
import { grace, type SweepSite, sweepSite } from "../testing/sweep-site.ts";

const random = seededRandom(71);
const files = { a: random.bytes(400_000), b: random.bytes(400_000), c: random.bytes(400_000) };

async function expectWhole({ domain }: SweepSite, id: string, expected: Record<string, Buffer>): Promise<void> {
  const found = await readBack(await domain.openPoint(id));
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [path, bytes] of Object.entries(expected)) expect(found[path]?.equals(bytes), `${id}/${path}`).toBe(true);
}

const listed = async ({ domain }: SweepSite): Promise<string[]> => (await domain.listPoints()).map(({ id }) => id);

test("an expired point goes after its grace, then the data that nobody needs after theirs; the rest stays whole", async () => {
  await using site = await sweepSite();
  const { domain, expired } = site;
  await backUp(domain, { a: files.a, b: files.b }, { pointId: "old" });
  await backUp(domain, { b: files.b, c: files.c }, { pointId: "new" });
  expired.add("old");
  const packs = () => site.keys("/packs/").length;
  expect(packs()).toBe(2);

  const first = await site.sweep();
  expect(first.domains[0]?.points).toEqual([{ id: "old", fate: "marked", reason: "a test says so" }]);
  expect((await site.sweep()).domains[0]?.points[0]).toMatchObject({ id: "old", fate: "waits" });
  expect(await listed(site)).toHaveLength(2);

  site.advance(grace);
  await site.sweep({ repackBelow: 0.9 });
  expect(await listed(site)).toEqual(["new"]);
  expect([...site.deleted]).toEqual(["old"]);
  expect(packs()).toBe(3); // half of the first pack is needed, so that half was written anew; the pack itself waits
  await expectWhole(site, "new", { b: files.b, c: files.c });

  site.advance(grace);
  const last = await site.sweep();
  expect(last.domains[0]?.deleted.packs).toBe(1);
  expect(packs()).toBe(2);
  await expectWhole(site, "new", { b: files.b, c: files.c });
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);
});

test("when all points go, all their bytes go", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, files, { pointId: "only" });
  site.expired.add("only");
  await site.sweepAll();
  await site.sweepAll();
  site.advance(31 * 24 * 3_600_000); // for so long it is remembered which packs were deleted
  await site.sweepAll();
  for (const part of ["/packs/", "/points/", "/index/", "/leases/", "/sweeps/"]) expect(site.keys(part)).toEqual([]);
});

test("a backup that began before the mark keeps what it found", async () => {
  await using site = await sweepSite();
  const { domain, expired } = site;
  await backUp(domain, files, { pointId: "old" });
  const packs = site.keys("/packs/");
  expired.add("old");
  await site.sweep();
  site.advance(grace);
  const slow = await domain.beginPoint(spec({ pointId: "slow" }));
  await site.sweep(); // deletes the point and marks its pack
  expect(await listed(site)).toEqual([]);
  site.advance(grace);
  const waiting = await site.sweep();
  expect(waiting.domains[0]?.notes.join()).toContain("slow");
  expect(site.keys("/packs/")).toEqual(packs);
  await slow.addFile("a", meta, pieces(files.a));
  await slow.commit({ takenAt: 5 });
  await site.sweep();
  await site.sweepAll();
  await expectWhole(site, "slow", { a: files.a });
  expect((await domain.verify({ level: "read" })).damage).toEqual([]);
});

test("a backup that begins after the mark stores anew what the mark names, and does not hold the sweep up", async () => {
  await using site = await sweepSite();
  const { domain, expired } = site;
  await backUp(domain, files, { pointId: "old" });
  expired.add("old");
  await site.sweep();
  site.advance(grace);
  await site.sweep();
  const marked = site.keys("/packs/");
  const during = await domain.beginPoint(spec({ pointId: "during" }));
  site.advance(grace);
  const report = await site.sweep();
  expect(report.domains[0]?.deleted.packs).toBe(marked.length);
  expect(site.keys("/packs/")).toEqual([]);
  await during.addFile("a", meta, pieces(files.a));
  await during.commit({ takenAt: 5 });
  await expectWhole(site, "during", { a: files.a });
});

test("a hold that comes in time keeps the point and its data", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, files, { pointId: "held" });
  site.expired.add("held");
  await site.sweep();
  site.held.add("held");
  site.advance(grace);
  const report = await site.sweep();
  expect(report.domains[0]?.points).toMatchObject([{ id: "held", fate: "kept" }]);
  await site.sweepAll();
  await expectWhole(site, "held", files);
  site.held.delete("held");
  await site.sweepAll();
  expect(await listed(site)).toEqual([]);
});

test("a dry run says what would go and why, and writes nothing", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, { a: files.a }, { pointId: "old" });
  await backUp(site.domain, { b: files.b }, { pointId: "new" });
  site.expired.add("old");
  const before = [...site.store.objects.keys()];
  const { epoch, dryRun, domains } = await site.sweep({ dryRun: true });
  expect([epoch, dryRun]).toEqual([0, true]);
  expect(domains[0]?.points).toEqual([{ id: "old", fate: "marked", reason: "a test says so" }]);
  expect(domains[0]?.marked.packs).toBe(1);
  expect(domains[0]?.marked.bytes).toBeGreaterThan(400_000);
  expect(domains[0]?.stored.packs).toBe(2);
  expect([...site.store.objects.keys()]).toEqual(before);
});

test("while a point cannot be read, no data goes", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, { a: files.a }, { pointId: "old" });
  await backUp(site.domain, { b: files.b }, { pointId: "hurt" });
  const manifest = site.keys("-hurt")[0] ?? "";
  const whole = Buffer.from(site.store.objects.get(manifest) ?? "");
  site.store.objects.get(manifest)?.fill(0, 30);
  site.expired.add("old");
  await site.sweepAll();
  expect(site.deleted.has("old")).toBe(true);
  expect(site.keys("/packs/")).toHaveLength(2);
  expect((await site.sweep()).domains[0]?.notes.join()).toContain("cannot be read");
  site.store.objects.set(manifest, whole);
  await site.sweepAll();
  expect(site.keys("/packs/")).toHaveLength(1);
  await expectWhole(site, "hurt", { b: files.b });
});

test("an object that the store has locked is reported and left for later", async () => {
  await using site = await sweepSite();
  const { MusterError } = await import("@muster/core");
  await backUp(site.domain, { a: files.a }, { pointId: "old" });
  await backUp(site.domain, { b: files.b }, { pointId: "other" });
  site.expired.add("old").add("other");
  const lockedKey = site.keys("-old")[0] ?? "";
  const locking = {
    ...site.store,
    delete: async (key: string) => {
      if (key === lockedKey) throw new MusterError("object-locked", `${key} is kept`);
      await site.store.delete(key);
    },
  };
  await site.sweep({}, locking);
  site.advance(grace);
  const report = await site.sweep({}, locking);
  expect(report.domains[0]?.locked).toEqual([lockedKey]);
  expect(report.domains[0]?.points.map(({ id, fate }) => `${id} ${fate}`)).toEqual(["old locked", "other deleted"]);
  site.advance(grace);
  await site.sweep({}, locking);
  await expectWhole(site, "old", { a: files.a }); // it is there, so its data is too
  await site.sweepAll();
  expect(await listed(site)).toEqual([]);
});

test("an older sweeper that wakes up when a newer one has begun does nothing more", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, { a: files.a }, { pointId: "old" });
  await backUp(site.domain, { b: files.b }, { pointId: "new" });
  site.expired.add("old");
  await site.sweep();
  site.advance(grace);
  const reached = Promise.withResolvers<void>();
  const wakeUp = Promise.withResolvers<void>();
  const changes: string[] = [];
  const sleepy = {
    ...site.store,
    async *list(prefix: string) {
      if (prefix === "d/leases/") {
        reached.resolve();
        await wakeUp.promise;
      }
      yield* site.store.list(prefix);
    },
    async delete(key: string) {
      changes.push(key);
      await site.store.delete(key);
    },
  };
  const older = site.sweep({}, sleepy).catch((error: unknown) => error);
  await reached.promise;
  await site.sweep();
  expect(await listed(site)).toEqual(["new"]);
  wakeUp.resolve();
  expect(await older).toMatchObject({ code: "sweep-superseded" });
  expect(changes).toEqual([]);
  await expectWhole(site, "new", { b: files.b });
});

test("many small indexes are merged, and points are read as before", async () => {
  await using site = await sweepSite();
  for (let n = 0; n < 17; n++) await backUp(site.domain, { f: random.bytes(2000) }, { pointId: `p${n}` });
  expect((await site.sweep({ repackBelow: 0 })).domains[0]?.indexes).toEqual({ written: 1, deleted: 0 });
  site.advance(grace);
  expect((await site.sweep({ repackBelow: 0 })).domains[0]?.indexes).toEqual({ written: 0, deleted: 17 });
  expect(site.keys("/index/")).toHaveLength(1);
  expect((await site.domain.verify({ level: "read" })).damage).toEqual([]);
});

test("a store without conditional writes is not swept, but a preview says what would go", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, { a: Buffer.alloc(1000, 1) }, { pointId: "old" });
  site.expired.add("old");
  const before = site.keys("");
  const unconditional: DeletableStore = { ...site.store, conditionalWrites: false };
  await expect(site.sweep({}, unconditional)).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("nothing is deleted in"),
    hint: expect.stringContaining("conditional-writes=off"),
  });
  expect(site.keys("")).toEqual(before);
  const preview = await site.sweep({ dryRun: true }, unconditional);
  expect(preview.domains[0]?.points).toMatchObject([{ id: "old" }]);
});
