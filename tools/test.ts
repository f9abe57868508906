import { checks } from "./check/parts.ts";
import { report, runChecks } from "./check/report.ts";
import { partLines, summaryLine } from "./test/summary.ts";
import { runVitest } from "./test/vitest.ts";

/** All checks and all tests; the last line is `N passed, N failed`. Arguments go to vitest. */
const checkResults = await runChecks(checks);
process.stdout.write(`${report(checkResults)}\n`);
const parts = [
  ...checkResults.map(({ name, passed }) => ({
    name: `check: ${name}`,
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    skipped: 0,
  })),
  ...(await runVitest(process.argv.slice(2))),
];
process.stdout.write(`\n${partLines(parts)}${summaryLine(parts)}\n`);
process.exitCode = parts.some((part) => part.failed > 0) ? 1 : 0;
