import { expect } from "vitest";
import type { CliResult } from "./fleet.ts";

/** Expects the exit code; what the command has said is in the failure. */
export function expectCode({ code, stdout, stderr }: CliResult, wanted = 0): void {
  expect(code, `${stdout}${stderr}`).toBe(wanted);
}
