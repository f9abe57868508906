export { collect } from "./collect.ts";
export { objectStoreContract } from "./contract.ts";
export * from "./faulty-store.ts";
export * from "./memory-store.ts";
