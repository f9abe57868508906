import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { type BugName, plantedBugs } from "./bugs.ts";
import { describeViolation, runModel } from "./model.ts";

/** How long each part goes on, in milliseconds; `npm run model` goes on for as long as one likes. */
const patience = { fixed: 20_000, random: 20_000, bug: 90_000 };
const fixedSeeds = Array.from({ length: 12 }, (_, n) => n + 1);

async function expectWhole(seed: number): Promise<void> {
  const outcome = await runModel({ seed });
  if (outcome.violation !== undefined) throw describeViolation(outcome);
  expect(outcome.committed).toBeGreaterThan(0);
}

test("backups, sweeps, crashes, late calls and late lists lose nothing, by fixed seeds", async () => {
  const until = performance.now() + patience.fixed;
  let runs = 0;
  for (const seed of fixedSeeds) {
    await expectWhole(seed);
    runs += 1;
    if (performance.now() > until) break;
  }
  expect(runs).toBeGreaterThan(0);
});

test("nor by random seeds, which are named when one fails", async () => {
  const until = performance.now() + patience.random;
  do await expectWhole(randomInt(2 ** 31));
  while (performance.now() < until);
});

test("a seed does the same each time", async () => {
  const [first, again] = [await runModel({ seed: 5, acts: 300 }), await runModel({ seed: 5, acts: 300 })];
  const plain = (trace: readonly string[]) =>
    trace.map((line) => line.replaceAll(/[0-9a-f]{16,}/g, "ID").replaceAll(/packs\/../g, "packs"));
  expect(plain(again.trace)).toEqual(plain(first.trace));
});

test.each(Object.keys(plantedBugs) as BugName[])("it finds it when %s", async (bug) => {
  const until = performance.now() + patience.bug;
  for (let seed = 290; performance.now() < until; seed++) {
    const { violation } = await runModel({ seed, bug });
    if (violation !== undefined) return expect(violation).toMatch(/^the point p\d+/);
  }
  throw new Error(`it was not found in ${patience.bug / 1000} s`);
});
