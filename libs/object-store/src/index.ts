export {
  createFileStore,
  openDeletableFileStore,
  openFileStore,
  openStreamingFileStore,
  type StreamingStore,
} from "./fs/file-store.ts";
export { checkKey, checkPrefix } from "./keys.ts";
export { alignedBuffer, directBlock, memoryFor } from "./memory.ts";
export { createStore, filePath, type OpenSettings, openDeletableStore, openStore } from "./open-store.ts";
export * from "./port.ts";
export { type RetryOptions, withRetry } from "./retry.ts";
export { isS3Address, type LocalSettings, parseS3Location, type S3Location, sharedAddress } from "./s3/location.ts";
export type { VaultIdentity } from "./vault/identity.ts";
export { isVaultAddress, vaultFolderName } from "./vault/location.ts";
export * as vaultWire from "./vault/wire.ts";
