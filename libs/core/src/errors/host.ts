import { entries } from "./entry.ts";

export const hostErrors = entries({
  "host-offline": {
    kind: "unavailable",
    summary: "The host's agent is not connected.",
    hint: "Start muster-agent on that host, or restore onto another host.",
    retryable: true,
  },
  "source-unknown": {
    kind: "not-found",
    summary: "The host's agent.yaml has no such source.",
    hint: "Add the source to agent.yaml on that host.",
    retryable: false,
  },
  "source-unavailable": {
    kind: "unavailable",
    summary: "The source's server does not answer.",
    hint: "Check that it runs and that agent.yaml has the right address.",
    retryable: true,
  },
  "source-busy": {
    kind: "conflict",
    summary: "Another job works on this source.",
    hint: "Wait until it has ended.",
    retryable: true,
  },
  "source-running": {
    kind: "conflict",
    summary: "The source's server runs, but its data can only be replaced while it is down.",
    hint: "Declare a stop action for the service.",
    retryable: false,
  },
  "source-failed": {
    kind: "internal",
    summary: "A tool that reads or writes the source failed.",
    hint: "Read the tool's own message.",
    retryable: true,
  },
  "secret-missing": {
    kind: "invalid",
    summary: "A secret that agent.yaml names is not there.",
    hint: "Create the file or variable it names.",
    retryable: false,
  },
  "tool-missing": {
    kind: "precondition",
    summary: "A program that is needed is not installed.",
    hint: "Install it on the host, or set its path in agent.yaml.",
    retryable: false,
  },
  "action-unknown": {
    kind: "not-found",
    summary: "The action is not on the host's allow-list.",
    hint: "Declare it under actions in agent.yaml on that host.",
    retryable: false,
  },
  "action-failed": {
    kind: "internal",
    summary: "An action ended with an error.",
    hint: "Read its output in the step.",
    retryable: true,
  },
  "probe-unknown": {
    kind: "not-found",
    summary: "The host's agent.yaml has no such probe.",
    hint: "Declare it under probes in agent.yaml.",
    retryable: false,
  },
  "command-stale": {
    kind: "conflict",
    summary: "The command's epoch is older than one already seen.",
    hint: "A newer recovery owns this target.",
    retryable: false,
  },
  "command-interrupted": {
    kind: "unavailable",
    summary: "The agent was stopped while it worked on this.",
    hint: "Retry the step; what was staged is cleaned up.",
    retryable: true,
  },
});
