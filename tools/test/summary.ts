/** The tests of one part: a check, or the test files of one package. */
export interface Part {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** `N passed, N failed`, and `, N skipped` if any were. */
export function summaryLine(parts: readonly Part[]): string {
  const total = (key: "passed" | "failed" | "skipped") => parts.reduce((sum, part) => sum + part[key], 0);
  const skipped = total("skipped");
  return `${total("passed")} passed, ${total("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** One line for each part. */
export function partLines(parts: readonly Part[]): string {
  return parts
    .map((part) => `${part.failed === 0 ? "ok    " : "FAILED"} ${part.name.padEnd(24)} ${summaryLine([part])}\n`)
    .join("");
}
