import { isAbsolute, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { MusterError } from "@muster/core";
import { createFileStore, openDeletableFileStore, openFileStore } from "./fs/file-store.ts";
import type { DeletableStore, ObjectStore } from "./port.ts";
import { isS3Address, type LocalSettings, parseS3Location } from "./s3/location.ts";
import type { VaultIdentity } from "./vault/identity.ts";
import { isVaultAddress, parseVaultLocation } from "./vault/location.ts";

/** What a host adds to an address for itself. */
export interface OpenSettings extends LocalSettings {
  /** Who this host is to its control plane, for addresses of a vault; asked anew when it may have been renewed. */
  readonly vaultIdentity?: (() => VaultIdentity) | undefined;
}

/**
 * Opens the store at `file:///srv/backup`, an absolute path, `s3://bucket/prefix?region=…` or `vault://host:port/name`;
 * `own` is what this host adds to the address. Throws `usage` for an address it does not know and `store-unavailable`
 * when nothing is there: a store is never made by opening it. Clients are loaded by the first address that needs them.
 */
export async function openStore(address: string, own: OpenSettings = {}): Promise<ObjectStore> {
  if (isVaultAddress(address)) return openVault(address, own);
  if (!isS3Address(address)) return openFileStore(filePath(address));
  const location = parseS3Location(address, own);
  const { openS3Store } = await import("./s3/open.ts");
  return openS3Store(location);
}

async function openVault(address: string, { vaultIdentity }: OpenSettings): Promise<ObjectStore> {
  const location = parseVaultLocation(address);
  if (vaultIdentity === undefined) {
    throw new MusterError("usage", "a vault is opened by an enrolled agent at work for its control plane only", {
      hint: "Elsewhere name the repository's folder in the vault of the control plane, or a copy of that folder.",
    });
  }
  const { openVaultStore } = await import("./vault/vault-store.ts");
  return openVaultStore(location, vaultIdentity);
}

/** Like `openStore`, with `delete`; for the sweeper of the control plane only. */
export async function openDeletableStore(address: string, own: LocalSettings = {}): Promise<DeletableStore> {
  if (!isS3Address(address)) return openDeletableFileStore(filePath(address));
  const location = parseS3Location(address, own);
  const { openDeletableS3Store } = await import("./s3/open.ts");
  return openDeletableS3Store(location);
}

/** Makes the directory of a file store if needed and opens it. A bucket is never made: its rules are the operator's. */
export async function createStore(address: string, own: LocalSettings = {}): Promise<ObjectStore> {
  return isS3Address(address) ? openStore(address, own) : createFileStore(filePath(address));
}

/** The absolute path that a `file:` URL or plain path names. Throws `usage` for anything else. */
export function filePath(url: string): string {
  if (isAbsolute(url)) return normalize(url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "file:" && parsed.hostname === "") return normalize(fileURLToPath(parsed));
  const what = parsed === undefined ? "a relative path or no address" : `the scheme ${parsed.protocol.slice(0, -1)}`;
  throw new MusterError("usage", `cannot open a repository with ${what}`, {
    hint: "Use an absolute path, file:///absolute/path, s3://bucket/prefix or vault://host:port/name.",
    details: { scheme: parsed?.protocol ?? "none" },
  });
}
