import { entries } from "./entry.ts";

export const systemErrors = entries({
  internal: {
    kind: "internal",
    summary: "An unexpected error.",
    hint: "Report it with the log lines around it.",
    retryable: false,
  },
  usage: {
    kind: "invalid",
    summary: "A command was called in a way that it does not know.",
    hint: "See --help.",
    retryable: false,
  },
  "request-invalid": {
    kind: "invalid",
    summary: "A request does not have the shape that the API describes.",
    hint: "Correct the named field; the API is described at /openapi.json.",
    retryable: false,
  },
  "config-invalid": {
    kind: "invalid",
    summary: "A configuration file has an error.",
    hint: "Correct the named file, line and key.",
    retryable: false,
  },
  "port-in-use": {
    kind: "conflict",
    summary: "The port to listen on is taken by another process.",
    hint: "Stop that process or choose another port.",
    retryable: false,
  },
  "data-in-use": {
    kind: "conflict",
    summary: "Another process works with the same data folder.",
    hint: "Stop that process first, or give this one its own folder.",
    retryable: false,
  },
  "disk-full": {
    kind: "exhausted",
    summary: "A disk has no space left.",
    hint: "Free space on the named path, then try again; nothing that was acknowledged is lost.",
    retryable: true,
  },
  "server-unavailable": {
    kind: "unavailable",
    summary: "The control plane does not answer.",
    hint: "Start it with: muster up, or name another with --server or MUSTER_SERVER.",
    retryable: true,
  },
  timeout: { kind: "timeout", summary: "A deadline passed.", hint: "Try again, or allow more time.", retryable: true },
  cancelled: {
    kind: "cancelled",
    summary: "The work was cancelled.",
    hint: "Start it again when wanted.",
    retryable: false,
  },
  "not-found": {
    kind: "not-found",
    summary: "The named thing does not exist.",
    hint: "Check the name.",
    retryable: false,
  },
  conflict: {
    kind: "conflict",
    summary: "The current state does not allow this.",
    hint: "Look at the current state first.",
    retryable: false,
  },
  "database-unavailable": {
    kind: "unavailable",
    summary: "The control plane's own database does not answer.",
    hint: "Check DATABASE_URL and that server.",
    retryable: true,
  },
});
