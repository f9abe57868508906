/** What a check found: nothing, or the lines that say what is wrong and what to do. */
export interface Finding {
  readonly passed: boolean;
  readonly details: string;
}

export interface Check {
  readonly name: string;
  readonly run: () => Promise<Finding>;
}

export interface CheckResult extends Finding {
  readonly name: string;
  readonly seconds: number;
}

/** Runs the checks one after another; one that throws has failed. */
export async function runChecks(checks: readonly Check[]): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const start = performance.now();
    const finding = await check.run().catch(crashed);
    results.push({ name: check.name, ...finding, seconds: (performance.now() - start) / 1000 });
  }
  return results;
}

function crashed(error: unknown): Finding {
  return { passed: false, details: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The details of what failed, and after them one line for each check. */
export function report(results: readonly CheckResult[]): string {
  const failed = results.filter((result) => !result.passed);
  const details = failed.map((result) => `── ${result.name} ──\n${result.details.trimEnd()}\n\n`);
  const lines = results.map(
    (result) => `${result.passed ? "ok    " : "FAILED"} ${result.name.padEnd(16)} ${result.seconds.toFixed(1)} s\n`,
  );
  return details.join("") + lines.join("");
}
