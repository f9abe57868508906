import type { Secrets } from "../../../../config/secrets.ts";
import type { RepositorySettings } from "../../../../jobs/grant.ts";
import type { PostgresConfig } from "../../config.ts";
import type { WalStatus } from "../stream/status.ts";

/** The first message to the process that protects a source's WAL; over IPC, as it has secrets. */
export interface WalRequest {
  /** A RepositoryGrant message in base64. */
  readonly grant: string;
  readonly name: string;
  readonly config: PostgresConfig;
  readonly secrets: Secrets;
  readonly repositories: RepositorySettings;
  readonly identityFile: string;
  /** A folder of the source that survives restarts. */
  readonly stateDirectory: string;
}

/** What that process sends back, again and again. */
export interface WalMessage {
  readonly kind: "status";
  readonly status: WalStatus;
}
