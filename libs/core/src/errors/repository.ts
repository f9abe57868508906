import { entries } from "./entry.ts";

export const repositoryErrors = entries({
  "object-exists": {
    kind: "conflict",
    summary: "An object of that name exists already.",
    hint: "Objects are never overwritten.",
    retryable: false,
  },
  "object-missing": {
    kind: "not-found",
    summary: "An object that should exist is missing.",
    hint: "Run a verification of the repository.",
    retryable: false,
  },
  "object-locked": {
    kind: "conflict",
    summary: "The store keeps an object from being deleted until a time or a release.",
    hint: "Nothing needs to be done: a later sweep deletes it when its lock has ended.",
    retryable: false,
  },
  "store-unavailable": {
    kind: "unavailable",
    summary: "The object store does not answer.",
    hint: "Check its address, credentials and disk.",
    retryable: true,
  },
  "repository-missing": {
    kind: "not-found",
    summary: "There is no repository at this place.",
    hint: "Check the path; is the disk mounted?",
    retryable: false,
  },
  "repository-exists": {
    kind: "conflict",
    summary: "A repository is there already.",
    hint: "Open it, or choose an empty place.",
    retryable: false,
  },
  "repository-key-wrong": {
    kind: "unauthenticated",
    summary: "The key does not open this repository.",
    hint: "Use the key file made with the repository.",
    retryable: false,
  },
  "key-service-unavailable": {
    kind: "unavailable",
    summary: "The key service that holds a repository's key does not answer.",
    hint: "Check the network and AWS_ENDPOINT_URL_KMS, or open the repository with another of its keys.",
    retryable: true,
  },
  "key-service-refused": {
    kind: "forbidden",
    summary: "The key service does not let this host use the key.",
    hint: "Give this host's credentials kms:Decrypt (to add a key: kms:GenerateDataKey), or use another of the repository's keys.",
    retryable: false,
  },
  "repository-corrupt": {
    kind: "corrupt",
    summary: "Stored data is damaged.",
    hint: "Run a verification; restore from another point or copy.",
    retryable: false,
  },
  "lease-lost": {
    kind: "conflict",
    summary: "A backup or copy was stopped before its manifest, because its lease in the repository had ended.",
    hint: "Run it again; it was silent for longer than its lease. What it stored is found and used again where it is safe.",
    retryable: true,
  },
  "sweep-superseded": {
    kind: "conflict",
    summary: "A newer sweep of this repository has begun, so that an older one may do nothing more.",
    hint: "Let the newer one work; run only one sweeper for each repository.",
    retryable: false,
  },
  "log-conflict": {
    kind: "conflict",
    summary: "The log of a continuous source has other content of the same name.",
    hint: "Two different servers write the same log, or the source's past was changed: stop, and find out which server is the right one.",
    retryable: false,
  },
  "log-identity": {
    kind: "conflict",
    summary: "The source is not the one that its log was begun with.",
    hint: "Check that agent.yaml names the right server; for a new cluster set expect.systemIdentifier.",
    retryable: false,
  },
  "log-gap": {
    kind: "not-found",
    summary: "A part of a log is not in the repository.",
    hint: "Restore to a moment before the gap, or from a point behind it.",
    retryable: false,
  },
  "point-missing": {
    kind: "not-found",
    summary: "There is no such recovery point.",
    hint: "List them with: muster points",
    retryable: false,
  },
});
