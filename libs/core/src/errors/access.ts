import { entries } from "./entry.ts";

export const accessErrors = entries({
  unauthenticated: {
    kind: "unauthenticated",
    summary: "No valid token was sent.",
    hint: "Set MUSTER_TOKEN or use --token.",
    retryable: false,
  },
  forbidden: {
    kind: "forbidden",
    summary: "The token's role does not allow this.",
    hint: "Ask an admin for a token with the named role.",
    retryable: false,
  },
  "rate-limited": {
    kind: "exhausted",
    summary: "Too many requests came from one place.",
    hint: "Wait a minute, then go on more slowly.",
    retryable: true,
  },
  "token-unknown": {
    kind: "unauthenticated",
    summary: "The enrolment token is not known, or was used already.",
    hint: "Make a new one with: muster token create --host NAME",
    retryable: false,
  },
  "token-expired": {
    kind: "unauthenticated",
    summary: "The token has expired.",
    hint: "Make a new one with: muster token create --host NAME",
    retryable: false,
  },
  "ca-mismatch": {
    kind: "unauthenticated",
    summary: "The server's certificate authority is not the one expected.",
    hint: "Check the address; if the control plane was set up anew, enrol again with a fresh token.",
    retryable: false,
  },
  "certificate-revoked": {
    kind: "forbidden",
    summary: "This agent's certificate was revoked.",
    hint: "Enrol the host again with a fresh token if it is trusted.",
    retryable: false,
  },
});
