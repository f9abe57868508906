import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { domainContext } from "../context.ts";
import { readIndex, writeIndex } from "../index/index-object.ts";
import { decodeFooter, encodeFooter } from "../pack/footer.ts";
import { packKey } from "../pack/layout.ts";
import { packBufferSize, packBuilder } from "../pack/pack-builder.ts";
import { backUp, readBack, seededRandom } from "../testing/index.ts";
import { type SweepSite, sweepSite } from "../testing/sweep-site.ts";
import { sweepAuthority } from "./authority.ts";
import { putPart } from "./mark.ts";

/* What somebody tries who has an agent's key of the domain and may add objects: to have the sweeper delete for him. */

const random = seededRandom(91);
const files = { a: random.bytes(300_000), b: random.bytes(300_000) };

/** The domain as an agent opens it. */
function asAgent({ store, grant }: SweepSite) {
  return domainContext(store, grant.repositoryId, grant.domain, Buffer.from(grant.key, "base64url"));
}

const packsOf = (site: SweepSite) => site.keys("/packs/");
const idOf = (key: string) => Buffer.from(key.slice(-32), "hex");

test("marks and verdicts that an agent makes are taken for nothing", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, files, { pointId: "p" });
  const before = [...packsOf(site), ...site.keys("/points/")];
  const ownKey = sweepAuthority(Buffer.from(site.grant.key, "base64url"), site.grant.repositoryId, "d");
  const names = site.keys("/points/").map((key) => key.slice("d/points/".length));
  for (const [kind, items] of [
    ["packs", packsOf(site).map((key) => idOf(key).toString("hex"))],
    ["points", names],
  ] as const) {
    const id = randomBytes(16).toString("hex");
    const mark = { kind, epoch: 1, grace: 0, items };
    await putPart(asAgent(site), ownKey, { id, part: "mark", value: mark });
    await putPart(asAgent(site), ownKey, { id, part: "verdict", value: { epoch: 1, kept: [] } });
  }
  const report = await site.sweep();
  expect(report.domains[0]?.notes.join()).toContain("not made by a sweep");
  await site.sweepAll();
  expect([...packsOf(site), ...site.keys("/points/")]).toEqual(before);
  expect((await readBack(await site.domain.openPoint("p"))).a?.equals(files.a)).toBe(true);
});

test("an index that says that packs are empty has none of them deleted", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, files, { pointId: "p" });
  const context = asAgent(site);
  const supersedes = site.keys("/index/").map((key) => key.slice(-32));
  const known = (await Promise.all(supersedes.map((id) => readIndex(context, id)))).flatMap(({ packs }) => packs);
  const lies = known.map((pack) => ({ ...pack, footer: encodeFooter([]) }));
  const before = packsOf(site);
  await writeIndex(context, { supersedes, packs: lies }, undefined);
  await site.sweepAll();
  await site.sweepAll();
  expect(packsOf(site)).toEqual(before);
});

test("a pack that claims to have what others have does not push them out", async () => {
  await using site = await sweepSite();
  await backUp(site.domain, files, { pointId: "old" });
  await backUp(site.domain, { b: files.b }, { pointId: "kept" });
  const context = asAgent(site);
  const [indexId = ""] = site.keys("/index/").map((key) => key.slice(-32));
  const { packs } = await readIndex(context, indexId);
  const builder = packBuilder(context, Buffer.allocUnsafeSlow(packBufferSize), { level: 3, readBack: "sample" });
  for (const { footer } of packs) {
    for (const { plainLength, chunks } of decodeFooter(footer, "a footer"))
      builder.add(Buffer.alloc(plainLength), chunks);
  }
  const fake = builder.finish();
  await site.store.put(packKey(context, fake.packId), [fake.body, fake.tail]);
  const size = fake.body.length + fake.tail.length;
  await writeIndex(context, { supersedes: [], packs: [{ packId: fake.packId, size, footer: fake.footer }] }, undefined);
  site.expired.add("old");
  for (const repackBelow of [0.9, 0.9, 0.9, 0.9, 0.9]) {
    await site.sweep({ repackBelow });
    site.advance(10_000_000);
  }
  expect(site.deleted.has("old")).toBe(true);
  site.store.objects.delete(packKey(context, fake.packId)); // as a verification that finds it has it removed
  expect((await site.domain.verify({ level: "read" })).damage).toEqual([]);
  expect((await readBack(await site.domain.openPoint("kept"))).b?.equals(files.b)).toBe(true);
});
