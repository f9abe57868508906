import type { ErrorValue } from "@muster/core";
import type { Secrets } from "../config/secrets.ts";
import type { SourceConfig } from "../sources/registry.ts";
import type { RepositorySettings } from "./grant.ts";

/** The first message to a job process. It goes over IPC, because arguments and environments can be read by others. */
export interface JobRequest {
  /** A Command message with only its work, in base64: it holds the domain key. */
  readonly work: string;
  /** The name of the source. */
  readonly name: string;
  /** What agent.yaml says of the source; a copy needs none. */
  readonly source?: { readonly config: SourceConfig; readonly secrets: Secrets } | undefined;
  /** What agent.yaml says of repositories: names of files, no secrets. */
  readonly repositories: RepositorySettings;
  /** The file of this host's enrolment. */
  readonly identityFile: string;
  readonly stateDirectory: string;
  readonly workDirectory: string;
  readonly host: string;
}

/** What a job process sends back. */
export type JobMessage =
  | {
      readonly kind: "progress";
      readonly done: number;
      readonly total: number;
      readonly unit: "bytes" | "items";
      readonly note: string;
    }
  /** `outcome` is a CommandFinished message with only its outcome, in base64. */
  | { readonly kind: "result"; readonly outcome: string; readonly peakMemoryBytes: number }
  | { readonly kind: "failed"; readonly error: ErrorValue; readonly peakMemoryBytes: number };
