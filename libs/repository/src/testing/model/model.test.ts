import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { type BugName, plantedBugs } from "./bugs.ts";
import { describeViolation, type ModelOutcome, runModel } from "./model.ts";

/** How long each part goes on, in milliseconds; `npm run model` goes on for as long as one likes. */
const patience = { random: 20_000, bug: 90_000 };
const fixedSeeds = Array.from({ length: 10 }, (_, n) => n + 1);

async function expectWhole(seed: number): Promise<ModelOutcome> {
  const outcome = await runModel({ seed });
  if (outcome.violation !== undefined) throw describeViolation(outcome);
  return outcome;
}

test("backups, copies, restores, heals, sweeps, crashes, late calls and late lists lose nothing, by fixed seeds", async () => {
  const endings = new Set<string>();
  for (const seed of fixedSeeds) for (const ending of (await expectWhole(seed)).endings.keys()) endings.add(ending);
  expect([...endings]).toEqual(
    expect.arrayContaining([
      ...["backup: done", "backup: lease-lost", "copy: done", "restore: done", "heal: done"],
      ...["sweep: done", "sweep: sweep-superseded"],
    ]),
  );
});

test("nor by random seeds, which are named when one fails", async () => {
  const until = performance.now() + patience.random;
  do await expectWhole(randomInt(2 ** 31));
  while (performance.now() < until);
});

test("a seed does the same each time, names of objects included", async () => {
  const [first, again] = [await runModel({ seed: 5 }), await runModel({ seed: 5 })];
  expect(again.trace).toEqual(first.trace);
});

test.each(Object.keys(plantedBugs) as BugName[])("it finds it when %s", async (bug) => {
  const until = performance.now() + patience.bug;
  for (let seed: number = plantedBugs[bug].foundBy; performance.now() < until; seed++) {
    const { violation } = await runModel({ seed, bug });
    if (violation !== undefined) return expect(violation).toMatch(plantedBugs[bug].shows);
  }
  throw new Error(`it was not found in ${patience.bug / 1000} s`);
});
