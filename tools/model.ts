import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { describeViolation, runModel } from "@muster/repository/testing";

/**
 * Runs the model checker of the repository: `npm run model -- --seconds 3600`, or `--seed N` to see one run again. Every seed
 * is another random order of backups, sweeps, crashes and faults; the first that breaks something ends it with exit code 1.
 */
const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" }, acts: { type: "string" } },
});
const until = performance.now() + Number(values.seconds) * 1000;
const acts = values.acts === undefined ? undefined : Number(values.acts);
let runs = 0;
let committed = 0;
let seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
process.stdout.write(`the first seed is ${seed}\n`);
do {
  const outcome = await runModel({ seed, acts });
  if (outcome.violation !== undefined) {
    process.stderr.write(`${describeViolation(outcome, 400).message}\n`);
    process.exit(1);
  }
  runs += 1;
  committed += outcome.committed;
  seed += 1;
} while (values.seed === undefined && performance.now() < until);
process.stdout.write(`${runs} runs, ${committed} points: nothing was lost, nothing was left\n`);
