import { asMusterError } from "@muster/core";
import type { CheckFinding } from "@muster/recovery";

export function finding(
  severity: CheckFinding["severity"],
  code: string,
  subject: string,
  message: string,
  hint: string,
): CheckFinding {
  return { severity, code, subject, message, hint };
}

/** A check that could not be made stops the recovery: what is not known is not taken for good. */
export function failedCheck(subject: string, thrown: unknown): CheckFinding {
  const { code, message, hint } = asMusterError(thrown);
  return finding("error", code, subject, message, hint);
}
