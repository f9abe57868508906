import type { Part } from "./summary.ts";

/** What is read of vitest's JSON report. */
export interface VitestReport {
  readonly testResults: readonly {
    /** The absolute path of the test file. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * The counts for each package. What fails without a failed test counts as one: a file that cannot be
 * loaded or whose hooks throw, an error between tests (exit code 1, yet no test failed), a crash of vitest.
 */
export function partsOf(
  report: VitestReport | undefined,
  code: number,
  packageOf: (path: string) => string | undefined,
): Part[] {
  const parts = new Map<string, Part>();
  for (const file of report?.testResults ?? []) {
    const name = packageOf(file.name) ?? "elsewhere";
    parts.set(name, add(parts.get(name) ?? { name, passed: 0, failed: 0, skipped: 0 }, count(file)));
  }
  const sorted = [...parts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const explained = sorted.some((part) => part.failed > 0);
  if (report !== undefined && (code === 0 || explained)) return sorted;
  return [...sorted, { name: "vitest itself", passed: 0, failed: 1, skipped: 0 }];
}

type Counts = Omit<Part, "name">;

function count(file: VitestReport["testResults"][number]): Counts {
  const of = (...statuses: string[]) => file.assertionResults.filter((test) => statuses.includes(test.status)).length;
  const failed = of("failed");
  return {
    passed: of("passed"),
    failed: failed === 0 && file.status === "failed" ? 1 : failed,
    skipped: file.assertionResults.length - failed - of("passed"),
  };
}

function add(part: Part, counts: Counts): Part {
  return {
    name: part.name,
    passed: part.passed + counts.passed,
    failed: part.failed + counts.failed,
    skipped: part.skipped + counts.skipped,
  };
}
