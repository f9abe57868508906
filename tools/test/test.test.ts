import { describe, expect, it } from "vitest";
import { partLines, summaryLine } from "./summary.ts";
import { partsOf } from "./vitest-report.ts";

const packageOf = (path: string) => /^\/(libs\/[^/]+)\//.exec(path)?.[1];
const file = (name: string, status: string, ...tests: string[]) => ({
  name,
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe("the last line", () => {
  it("sums over everything, and names skipped tests only if there are any", () => {
    const parts = [
      { name: "a", passed: 2, failed: 0, skipped: 0 },
      { name: "b", passed: 1, failed: 1, skipped: 0 },
    ];
    expect(summaryLine(parts)).toBe("3 passed, 1 failed");
    expect(summaryLine([...parts, { name: "c", passed: 0, failed: 0, skipped: 2 }])).toBe(
      "3 passed, 1 failed, 2 skipped",
    );
    expect(partLines(parts)).toMatch(/^ok {5}a .*\nFAILED b .*\n$/);
  });
});

describe("vitest's report", () => {
  it("is counted by package", () => {
    const testResults = [
      file("/libs/core/a.test.ts", "passed", "passed", "passed", "pending"),
      file("/libs/core/b.test.ts", "failed", "passed", "failed"),
      file("/libs/protocol/c.test.ts", "passed", "passed", "todo"),
    ];
    expect(partsOf({ testResults }, 1, packageOf)).toEqual([
      { name: "libs/core", passed: 3, failed: 1, skipped: 1 },
      { name: "libs/protocol", passed: 1, failed: 0, skipped: 1 },
    ]);
  });

  it("counts a file that cannot be loaded as one failure", () => {
    const parts = partsOf({ testResults: [file("/libs/core/a.test.ts", "failed")] }, 1, packageOf);
    expect(parts).toEqual([{ name: "libs/core", passed: 0, failed: 1, skipped: 0 }]);
  });

  it("counts a file whose tests passed but whose hook failed as one failure", () => {
    const parts = partsOf({ testResults: [file("/libs/core/a.test.ts", "failed", "passed")] }, 1, packageOf);
    expect(parts).toEqual([{ name: "libs/core", passed: 1, failed: 1, skipped: 0 }]);
  });

  it.each([
    ["no report", undefined, 0],
    ["no report and an exit code", undefined, 1],
    ["an exit code that no failed test explains", { testResults: [file("/libs/core/a", "passed", "passed")] }, 1],
  ])("counts a crash as one failure: %s", (_, report, code) => {
    expect(partsOf(report, code, packageOf).at(-1)).toEqual({
      name: "vitest itself",
      passed: 0,
      failed: 1,
      skipped: 0,
    });
  });
});
