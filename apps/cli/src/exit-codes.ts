import { errorRegistry, type MusterError } from "@muster/core";

/** How a command can end, and its exit code; see design/interfaces.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  findings: 3,
  "objective-missed": 4,
  "approval-pending": 5,
  partial: 6,
  timeout: 124,
  interrupted: 130,
} as const;

export type Outcome = keyof typeof exitCodes;

/** The outcome that an error stands for, by its kind; Ctrl-C is known before it is asked. */
export function outcomeOf(error: MusterError): Outcome {
  if (error.code === "plan-invalid" || error.code === "checks-failed") return "findings";
  switch (errorRegistry[error.code].kind) {
    case "invalid":
      return "usage";
    case "timeout":
      return "timeout";
    default:
      return "failed";
  }
}
