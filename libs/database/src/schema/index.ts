export * from "./access.ts";
export * from "./catalog.ts";
export * from "./hosts.ts";
export * from "./plans.ts";
export * from "./recoveries.ts";
export * from "./sweeps.ts";
