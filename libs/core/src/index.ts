export * from "./clock.ts";
export * from "./concurrency.ts";
export { dataProcess } from "./data-process.ts";
export * from "./errors/muster-error.ts";
export { type ErrorCode, errorRegistry } from "./errors/registry.ts";
export * from "./ids.ts";
export * from "./logger.ts";
export * from "./retry.ts";
export * from "./units.ts";
