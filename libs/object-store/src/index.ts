export { createFileStore, openDeletableFileStore, openFileStore } from "./fs/file-store.ts";
export { checkKey, checkPrefix } from "./keys.ts";
export { createStore, filePath, openDeletableStore, openStore } from "./open-store.ts";
export * from "./port.ts";
export { type RetryOptions, withRetry } from "./retry.ts";
export { isS3Address, type LocalSettings, parseS3Location, type S3Location, sharedAddress } from "./s3/location.ts";
