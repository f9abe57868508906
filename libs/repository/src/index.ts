export { copyPoints } from "./copy/copy-points.ts";
export { initCopy } from "./copy/init-copy.ts";
export type { CopyOptions, CopyProgress, CopyReport } from "./copy/types.ts";
export { encodeName } from "./encoding/name.ts";
export { comparePaths, pathFromBytes, pathToBytes } from "./encoding/path.ts";
export { type HealOptions, type HealReport, healDomain } from "./heal/heal.ts";
export type { Copies, Detour, NamedStore } from "./heal/places.ts";
export { type AddKeyOptions, addKey, type KeyInfo, listKeys, removeKey, whichKey } from "./keys/keys.ts";
export { type Unlock, unlockFromText } from "./keys/unlock.ts";
export type { KeyHolder } from "./keys/wrap-key.ts";
export { newKeyPair, type PrintedKeyPair, publicKeyOf } from "./keys/x25519.ts";
export { holdLease, type Lease, type LeaseOptions } from "./lease/hold.ts";
export { longestRange } from "./log/append-range.ts";
export { compactRange, supersededRanges } from "./log/compact.ts";
export { coverage, coveredUntil, gaps, rangesAt, type Span, timelinesOf } from "./log/coverage.ts";
export type {
  LogListing,
  LogOptions,
  LogProperties,
  LogRange,
  RangeFacts,
  SourceLog,
  StoredRange,
} from "./log/types.ts";
export { type CopyPlace, type OpenCopiesOptions, openCopies } from "./open-copies.ts";
export { type DomainAccess, openDomain } from "./open-domain.ts";
export type { FileToWrite, PointReader, WriteFilesOptions } from "./read/types.ts";
export { initRepository, openRepository } from "./repository.ts";
export { type TreeSync, treeSync } from "./restore/durable.ts";
export { ownerRefused } from "./restore/new-file.ts";
export { type RestoreOptions, restoreTree } from "./restore/restore-tree.ts";
export type {
  DomainSweep,
  PackCount,
  PointFate,
  SweepOptions,
  SweepReport,
  SweepRules,
} from "./sweep/types.ts";
export type {
  Domain,
  DomainGrant,
  Entry,
  EntryMeta,
  EntryType,
  JsonValue,
  ListOptions,
  PointKind,
  PointSummary,
  Repository,
} from "./types.ts";
export type { Damage, VerifyLevel, VerifyOptions, VerifyReport, VerifySample } from "./verify/types.ts";
export type {
  BeginOptions,
  BlockFile,
  Chunking,
  DiskEntry,
  DiskOptions,
  PageCheck,
  PointSpec,
  PointWriter,
  StoredBlocks,
  StoredFile,
  StoredFromDisk,
  WriteProgress,
} from "./write/types.ts";
