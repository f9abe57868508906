export * from "./api/access.ts";
export * from "./api/backups.ts";
export * from "./api/hosts.ts";
export * from "./api/keys.ts";
export * from "./api/plans.ts";
export * from "./api/problem.ts";
export * from "./api/recoveries.ts";
export * from "./api/status.ts";
