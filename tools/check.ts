import { checks } from "./check/parts.ts";
import { report, runChecks } from "./check/report.ts";

const results = await runChecks(checks);
process.stdout.write(report(results));
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
