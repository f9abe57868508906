import type { ErrorValue } from "@muster/core";
import type { VaultTls } from "./listen.ts";
import type { Peer } from "./peer.ts";
import type { Permissions } from "./permission.ts";
import type { VaultRequest } from "./request.ts";
import type { Quotas } from "./usage.ts";

/** What the thread of the vault is started with. It has no database and no keys of repositories. */
export interface VaultSetup {
  readonly tls: VaultTls;
  readonly host: string;
  readonly port: number;
  /** The folder of each repository, by its name. */
  readonly folders: Readonly<Record<string, string>>;
  readonly quotas: Quotas;
}

/** From the thread. */
export type FromVault =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; readonly error: ErrorValue }
  /** May this peer do this? */
  | { readonly kind: "ask"; readonly id: number; readonly peer: Peer; readonly request: VaultRequest }
  | { readonly kind: "warning"; readonly peer: string; readonly code: string; readonly message: string };

/** To the thread. */
export type ToVault =
  | { readonly kind: "allowed"; readonly id: number; readonly permissions: Permissions }
  | { readonly kind: "refused"; readonly id: number; readonly error: ErrorValue }
  | { readonly kind: "close" };
