import { MusterError } from "@muster/core";
import { type Fault, faultyStore } from "@muster/object-store/testing";
import { expect, test } from "vitest";
import { backUp, readBack, seededRandom } from "../testing/index.ts";
import { grace, type SweepSite, sweepSite } from "../testing/sweep-site.ts";

const random = seededRandom(101);
const [a, b, c] = [random.bytes(60_000), random.bytes(60_000), random.bytes(60_000)];

/** A repository in which the next sweep has something of everything to do: it deletes points and packs, repacks, marks, merges. */
async function busySite(): Promise<SweepSite> {
  const site = await sweepSite();
  await backUp(site.domain, { a }, { pointId: "first" });
  for (let n = 0; n < 16; n++) await backUp(site.domain, { c }, { pointId: `same-${n}` });
  site.expired.add("first").add("same-3");
  await site.sweep();
  site.advance(grace);
  await backUp(site.domain, { a: random.bytes(300_000), b }, { pointId: "second" });
  await backUp(site.domain, { b, c }, { pointId: "kept" });
  await site.sweep();
  site.expired.add("second");
  await site.sweep();
  site.advance(grace);
  return site;
}

const faults: [string, Fault][] = [
  ["refused", { kind: "fail" }],
  ["done, but unanswered", { kind: "fail-after" }],
  ["cut short", { kind: "truncate" }],
  ["done twice", { kind: "repeat" }],
];

/** How many calls that sweep makes. */
async function countCalls(): Promise<number> {
  await using site = await busySite();
  const counted = faultyStore(site.store, () => undefined);
  await site.sweep({}, counted);
  return counted.calls();
}

test.each(faults)(
  "a sweep with any one call %s loses nothing, and the next ones come to the same end",
  async (_, fault) => {
    const calls = await countCalls();
    const kind = faults.findIndex(([, one]) => one === fault);
    for (let n = kind; n < calls; n += faults.length) {
      await using site = await busySite();
      const faulty = faultyStore(site.store, (call) => (call === n ? fault : undefined));
      const outcome = await site.sweep({}, faulty).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MusterError);
      const kept = await readBack(await site.domain.openPoint("kept"));
      expect([kept.b?.equals(b), kept.c?.equals(c)], `call ${n}`).toEqual([true, true]);
      await site.sweepAll();
      expect([...site.deleted].sort(), `call ${n}`).toEqual(["first", "same-3", "second"]);
      const { damage } = await site.domain.verify({ level: "read" });
      expect(damage, `call ${n}`).toEqual([]);
    }
    expect(calls).toBeGreaterThan(30);
  },
  300_000,
);
