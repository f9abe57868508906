export { collect } from "./collect.ts";
export { objectStoreContract } from "./contract.ts";
export * from "./faulty-store.ts";
export * from "./memory-store.ts";
export { type S3Site, startS3Site, type Who } from "./s3/s3-site.ts";
