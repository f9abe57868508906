import { asMusterError, errorRegistry } from "@muster/core";
import { CommanderError } from "commander";

/** Writes what went wrong and what to do to stderr; returns the exit status (docs: 1 failed, 2 usage, 124, 130). */
export function reportFailure(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2; // commander has written its message
  const error = asMusterError(thrown);
  process.stderr.write(`muster-agent: ${error.message}\n  ${error.hint} (${error.code})\n`);
  switch (errorRegistry[error.code].kind) {
    case "invalid":
      return 2;
    case "timeout":
      return 124;
    case "cancelled":
      return 130;
    default:
      return 1;
  }
}
