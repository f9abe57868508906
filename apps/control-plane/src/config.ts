import type { LocalSettings } from "@muster/object-store";

/** How this control plane is set up; made once from the configuration file and the command line (see config loading in main). */
export interface Config {
  /** Everything of its own lies here: PGlite's files, CA, keys; mode 0700. */
  readonly dataDirectory: string;
  /** postgres://…; undefined: PGlite in the data directory. */
  readonly databaseUrl?: string | undefined;
  /** Address and port of REST, status page and metrics. */
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  };
  /** Where agents hold their sessions (mutual TLS) and where they enrol (server TLS). */
  readonly grpc: {
    readonly host: string;
    readonly sessionPort: number;
    readonly enrolPort: number;
    readonly advertise: string;
  };
  /** Name → place and key file (the passphrase); created at first start where they do not exist. */
  readonly repositories: Readonly<Record<string, RepositoryPlace>>;
  /** The object store of the control plane's own, which agents reach over HTTPS; it listens when a repository lies in it. */
  readonly vault: VaultConfig;
  /** How the sessions of agents are kept. */
  readonly agents: {
    /** Life of an agent's certificate in milliseconds. */
    readonly certificateLifeMs: number;
    /** Between two heartbeats, in whole seconds; an agent silent for three of them is offline. */
    readonly heartbeatSeconds: number;
  };
  /** How often the control plane backs itself up, in milliseconds (undefined: never), and into which repositories. */
  readonly ownBackups: { readonly everyMs: number | undefined; readonly repositories: readonly string[] };
  /** The file that this was read from. */
  readonly configFile?: string | undefined;
  /** Absolute paths of that file and of every file that it names: keys, credentials, certificates. */
  readonly namedFiles: readonly string[];
  /** Title of the public status page. */
  readonly statusTitle: string;
}

/** Sizes in bytes. */
export interface VaultConfig {
  readonly port: number;
  /** The most that each repository may hold. */
  readonly quota?: number | undefined;
  /** The most that the services of one host may hold in each repository. */
  readonly quotaPerHost?: number | undefined;
  /** What stays free on its disk, which is often that of the control plane's own data. */
  readonly keepFree: number;
}

/** Where a repository lies, the file with its passphrase, and for S3 the files of this host. */
export interface RepositoryPlace extends LocalSettings {
  /** For the control plane itself; of a repository in the vault, its folder. */
  readonly url: string;
  /** Agents reach it through the vault only. */
  readonly inVault?: boolean | undefined;
  readonly keyFile: string;
  /** A key of AWS KMS that opens it in place of the key file. */
  readonly kmsKey?: string | undefined;
  /** The name of the repository that it is a copy of. */
  readonly copyOf?: string | undefined;
  /** Everything in it is read once in this time, in milliseconds. */
  readonly verifyEveryMs?: number | undefined;
  /** How what has expired is deleted; undefined: not at all. */
  readonly sweep?: SweepSettings | undefined;
}

/** Times are in milliseconds. The credentials are those that may delete; nothing else uses them. */
export interface SweepSettings {
  readonly every: number;
  readonly grace: number;
  readonly credentialsFile?: string | undefined;
  readonly profile?: string | undefined;
}
