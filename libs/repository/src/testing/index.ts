export { type KeyService, startKeyService } from "./key-service.ts";
export * from "./random.ts";
export * from "./sample.ts";
