/** The domain of a repository that holds the control plane's own database and files; no service has this name. */
export const ownService = "control";

/** What its points are called in the catalog: one source for each repository, so that retention counts them apart. */
export function ownSource(repository: string): string {
  return `to-${repository}`;
}

/** The host that they are from, in the catalog. */
export const ownHost = "control-plane";

/** In the audit trail: the control plane was brought back from an earlier moment. */
export const restoreAct = "control-plane.restore";

/** Entries of such a point. */
export const databaseEntry = "database.jsonl";
export const filesEntry = "files.json";

/** Which of them are kept; grandfather-father-son, as in plans. */
export const ownRetention = {
  last: { kind: "count", count: 3 },
  hourly: { kind: "count", count: 24 },
  daily: { kind: "count", count: 30 },
  monthly: { kind: "count", count: 12 },
} as const;
