export { createFileStore, openDeletableFileStore, openFileStore } from "./fs/file-store.ts";
export { checkKey, checkPrefix } from "./keys.ts";
export { filePath, openStore } from "./open-store.ts";
export * from "./port.ts";
export { type RetryOptions, withRetry } from "./retry.ts";
