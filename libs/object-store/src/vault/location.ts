import { MusterError } from "@muster/core";

/** A repository in the vault of a control plane, as agents reach it. */
export interface VaultLocation {
  readonly host: string;
  readonly port: number;
  readonly repository: string;
}

const name = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function isVaultAddress(address: string): boolean {
  return /^vault:/i.test(address);
}

/** Parses `vault://host:port/repository`. Throws `usage`. */
export function parseVaultLocation(address: string): VaultLocation {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const repository = url?.pathname.slice(1) ?? "";
  const plain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url !== undefined && plain && url.port !== "" && name.test(repository)) {
    return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port), repository };
  }
  throw new MusterError("usage", "the address of a vault cannot be used", {
    hint: "Agents get it from their control plane, like vault://muster.example.com:7445/main",
  });
}

/** The folder name that `vault:` or `vault://NAME` means in the configuration of a control plane. Throws `usage`. */
export function vaultFolderName(address: string, repository: string): string {
  const folder = address.replace(/^vault:(\/\/)?/i, "") || repository;
  if (name.test(folder)) return folder;
  throw new MusterError("usage", `${JSON.stringify(folder)} cannot name a repository of the vault`, {
    hint: "Write vault: or vault://NAME with lower-case letters, digits and hyphens.",
  });
}
