import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { type BugName, type PlantedBug, plantedBugs } from "./bugs.ts";
import { describeViolation, type ModelOutcome, runModel } from "./model.ts";

/** How long each part goes on, in milliseconds; `npm run model` goes on for as long as one likes. */
const patience = { random: 20_000 };
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

const known = (Object.entries(plantedBugs) as [BugName, PlantedBug][]).flatMap(([bug, { foundBy, shows }]) =>
  foundBy === undefined ? [] : [{ bug, foundBy, shows }],
);

test.each(known)("it finds it when $bug", async ({ bug, foundBy, shows }) => {
  expect((await runModel({ seed: foundBy, bug })).violation).toMatch(shows);
});
