import { MusterError } from "@muster/core";
import type { DeletableStore } from "@muster/object-store";
import { type Fault, faultyStore } from "@muster/object-store/testing";
import { afterAll, expect, test } from "vitest";
import { backUp, grantedDomain, readBack, seededRandom } from "../testing/index.ts";
import { grace, type SweepSite, sweepSite } from "../testing/sweep-site.ts";

const random = seededRandom(101);
const [a, b, c] = [random.bytes(60_000), random.bytes(60_000), random.bytes(60_000)];

/** A repository in which the next sweep has something of everything to do: it deletes points and packs, repacks, marks, merges. */
async function makeBusySite(): Promise<SweepSite> {
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

const made = await makeBusySite();
afterAll(() => made[Symbol.asyncDispose]());
const busySite = (): Promise<SweepSite> => made.copy();

const faults: [string, Fault][] = [
  ["refused", { kind: "fail" }],
  ["done, but unanswered", { kind: "fail-after" }],
  ["cut short", { kind: "truncate" }],
  ["done twice", { kind: "repeat" }],
];

type Work = (site: SweepSite, store: DeletableStore) => Promise<unknown>;

/** How many calls some work makes, that sweep or more. */
async function countCalls(work: Work): Promise<number> {
  await using site = await busySite();
  const counted = faultyStore(site.store, () => undefined);
  await work(site, counted);
  return counted.calls();
}

async function expectSameEnd(site: SweepSite, call: string): Promise<void> {
  const kept = await readBack(await site.domain.openPoint("kept"));
  expect([kept.b?.equals(b), kept.c?.equals(c)], call).toEqual([true, true]);
  await site.sweepAll();
  expect([...site.deleted].sort(), call).toEqual(["first", "same-3", "second"]);
  expect((await site.domain.verify({ level: "read" })).damage, call).toEqual([]);
}

test.each(faults)(
  "a sweep with any one call %s loses nothing, and the next ones come to the same end",
  async (_, fault) => {
    const calls = await countCalls((site, store) => site.sweep({}, store));
    const kind = faults.findIndex(([, one]) => one === fault);
    for (let n = kind; n < calls; n += faults.length) {
      await using site = await busySite();
      const faulty = faultyStore(site.store, (call) => (call === n ? fault : undefined));
      const outcome = await site.sweep({}, faulty).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MusterError);
      await expectSameEnd(site, `call ${n}`);
    }
    expect(calls).toBeGreaterThan(30);
  },
  300_000,
);

const late: [string, Fault][] = [
  ["late", { kind: "delay", milliseconds: 3 }],
  ["overtaken by the next", { kind: "reorder", milliseconds: 3 }],
];

/** A sweep, and beside it a backup that needs what the sweep looks at. */
const besideBackup: Work = async (site, store) => {
  const backup = backUp(grantedDomain(store, site.grant), { a, b }, { pointId: "beside" });
  await Promise.all([site.sweep({}, store), backup]);
};

test.each(late)(
  "a sweep and a backup beside it with any one call %s both succeed and lose nothing",
  async (_, fault) => {
    const calls = await countCalls(besideBackup);
    for (let n = fault.kind === "delay" ? 0 : 2; n < calls; n += 4) {
      await using site = await busySite();
      await besideBackup(
        site,
        faultyStore(site.store, (call) => (call === n ? fault : undefined)),
      );
      await expectSameEnd(site, `call ${n}`);
      const found = await readBack(await site.domain.openPoint("beside"));
      expect([found.a?.equals(a), found.b?.equals(b)], `call ${n}`).toEqual([true, true]);
    }
    expect(calls).toBeGreaterThan(40);
  },
  300_000,
);
