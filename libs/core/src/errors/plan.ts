import { entries } from "./entry.ts";

export const planErrors = entries({
  "plan-invalid": {
    kind: "invalid",
    summary: "The plan has errors.",
    hint: "Run: muster plan check FILE",
    retryable: false,
  },
  "plan-not-applied": {
    kind: "not-found",
    summary: "No plan has been applied yet.",
    hint: "Run: muster plan apply FILE",
    retryable: false,
  },
});
