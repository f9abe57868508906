import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../process/run.ts";
import { makeLargeFile, makeSmallFiles } from "./data-path/data.ts";
import { type Measured, measure, median, storedMegabytes } from "./data-path/measure.ts";
import { buildProgram, program } from "./data-path/program.ts";

/*
 * Backup, backup of the same again, and restore: Muster against restic in one run on the same data, warm cache, encryption on,
 * medians of three. Both sync what they store; Muster also syncs what it restores, restic does not. Muster opens the repository as a
 * job does, with a grant; restic, which has no such thing, with its password.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const say = (line: string) => process.stdout.write(`${line}\n`);

type Step = "first" | "again" | "restore";
const steps: readonly Step[] = ["first", "again", "restore"];
type Round = Readonly<Record<Step, Measured>> & { readonly stored: number };

/** The commands of a tool; `target` is an empty directory to restore into. */
interface Tool {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  command(verb: "init" | Step, repository: string, data: string, target: string): readonly string[];
}

const muster: Tool = {
  name: "muster",
  env: program.env,
  command(verb, repository, data, target) {
    if (verb === "init") return [...program.argv, "init", repository];
    return verb === "restore"
      ? [...program.argv, "restore", repository, target]
      : [...program.argv, "backup", repository, data];
  },
};
const restic: Tool = {
  name: "restic",
  env: { RESTIC_PASSWORD: "bench" },
  command(verb, repository, data, target) {
    const program = ["restic", "--quiet", "--no-cache", "-r", repository];
    if (verb === "init") return [...program, "init"];
    return verb === "restore" ? [...program, "restore", "latest", "--target", target] : [...program, "backup", data];
  },
};

async function oneRound(tool: Tool, data: string, scratch: string): Promise<Round> {
  const place = mkdtempSync(join(scratch, `${tool.name}-`));
  const [repository, target] = [join(place, "repository"), join(place, "target")];
  mkdirSync(target);
  const step = (verb: "init" | Step) => measure(tool.command(verb, repository, data, target), tool.env, scratch);
  await step("init");
  const first = await step("first");
  const stored = storedMegabytes(repository);
  // Nothing is removed before the end: ext4 makes new files slowly where many were removed a moment ago.
  return { first, again: await step("again"), restore: await step("restore"), stored };
}

/** The medians of one step, as columns. */
function summary(found: readonly Round[], step: Step): number[] {
  const of = (pick: (round: Round) => number) => median(found.map(pick));
  const figures = [of((r) => r[step].wall), of((r) => r[step].cpu), of((r) => r[step].peak)];
  return step === "first" ? [...figures, of((r) => r.stored)] : figures;
}

function report(results: ReadonlyMap<Tool, readonly Round[]>): void {
  for (const step of steps) {
    const [own = [], other] = [...results.values()].map((found) => summary(found, step));
    for (const [tool, found] of results)
      say(`  ${step.padEnd(8)} ${tool.name.padEnd(7)} ${columns(summary(found, step))}`);
    if (other !== undefined)
      say(`  ${step.padEnd(8)} ratio   ${columns(own.map((value, n) => value / (other[n] ?? 1)))}`);
  }
}

function columns(values: readonly number[]): string {
  return values.map((value) => (value >= 100 ? value.toFixed(0) : value.toFixed(2)).padStart(8)).join(" ");
}

async function compare(title: string, data: string, tools: readonly Tool[], scratch: string): Promise<void> {
  const results = new Map<Tool, Round[]>(tools.map((tool) => [tool, []]));
  for (let round = 0; round < rounds; round++) {
    for (const tool of tools) results.get(tool)?.push(await oneRound(tool, data, scratch));
  }
  say(`${title}\n                       wall s    CPU s  peak MB  stored MB`);
  report(results);
}

async function main(): Promise<void> {
  if (!existsSync("/usr/bin/time")) {
    say("skipped: needs GNU time; install it with: apt-get install time");
    return;
  }
  const hasRestic = (await run("restic", ["version"])).code === 0;
  if (!hasRestic) say("restic is not installed, so Muster is measured alone; install it with: apt-get install restic");
  const tools = hasRestic ? [muster, restic] : [muster];
  const scratch = mkdtempSync(join(tmpdir(), "muster-bench-"));
  await buildProgram();
  try {
    const [large, small] = [join(scratch, "large"), join(scratch, "small")];
    makeLargeFile(large, 1e9);
    makeSmallFiles(small, 50_000);
    await run("sync", []); // what was just made must not be written out on the first tool's time
    await compare("one file of 1 GB, half of it compressible", large, tools, scratch);
    await compare("50,000 files of 0.5 to 24 KB", small, tools, scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

await main();
