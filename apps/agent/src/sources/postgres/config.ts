import { z } from "zod";
import { durationField } from "../../config/fields.ts";

const names = z.array(z.string().min(1)).min(1);

const absolute = z.string().startsWith("/");

/** A PostgreSQL cluster, protected by logical dumps of whole databases and the cluster's globals, or by copies of its data directory. */
export const postgresConfigSchema = z
  .strictObject({
    type: z.literal("postgres"),
    /** A host name, an address, or the directory of the server's socket (begins with "/"). */
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(1).max(65_535).default(5432),
    user: z.string().min(1).default("postgres"),
    passwordFile: z.string().optional(),
    passwordEnv: z.string().optional(),
    /** As libpq's sslmode: `require` encrypts, `verify-full` also checks the server's certificate and name. */
    tls: z.enum(["disable", "require", "verify-full"]).default("disable"),
    /** The certificate authority for `verify-full`; without it the system's. */
    tlsCaFile: z.string().startsWith("/").optional(),
    /** `logical`: dumps. `physical`: the data directory, which has to be on this host. */
    method: z.enum(["logical", "physical"]).default("logical"),
    /** The server's data directory; for `physical`. */
    dataDirectory: absolute.optional(),
    /** The primary, where this server is a standby that backups are read from; same user and password. For `physical`. */
    primary: z
      .strictObject({ host: z.string().min(1).default("127.0.0.1"), port: z.int().min(1).max(65_535).default(5432) })
      .optional(),
    /** Whether a restore takes what is the same from the old data directory; for `physical`. */
    delta: z.boolean().optional(),
    /** Where a restore puts tablespaces, by name, if not where they were; for `physical`. */
    tablespaces: z.record(z.string(), absolute).default({}),
    databases: z.union([z.literal("all"), names]).default("all"),
    /** Databases to leave out when `databases` is "all". */
    exclude: z.array(z.string()).default([]),
    /** What the server must be; a restore onto another is refused. */
    expect: z.strictObject({ systemIdentifier: z.string().regex(/^\d+$/).optional() }).default({}),
    /** Where pg_dump, pg_restore and psql are; without it they are looked for. */
    binDirectory: z.string().optional(),
    /** Parallel dumps, and workers of pg_restore; by default the number of processors, at most 4. */
    jobs: z.int().min(1).max(32).optional(),
    /** Roles (with their password hashes), memberships and tablespaces. */
    globals: z.boolean().default(true),
    /**
     * Continuous protection of the WAL: `stream` over the replication protocol, `archive` by PostgreSQL's archive_command. It goes
     * to the repository of the source's scheduled backup.
     */
    wal: z.enum(["stream", "archive"]).optional(),
    /** The replication slot that is made for `stream`, and the name for synchronous_standby_names. */
    walSlot: z
      .string()
      .regex(/^[a-z0-9_]{1,63}$/)
      .default("muster"),
    /** How long WAL may wait for company before it is stored; 0 when commits wait for it (synchronous_standby_names). */
    walFlushEvery: durationField.default(1000),
    /** The folder of the archive command for `archive`, which the server's account must be able to enter. */
    walDirectory: z.string().startsWith("/").optional(),
    /** The database that the agent itself connects to. */
    maintenanceDatabase: z.string().min(1).default("postgres"),
  })
  .refine(({ passwordFile, passwordEnv }) => passwordFile === undefined || passwordEnv === undefined, {
    message: "set passwordFile or passwordEnv, not both",
  })
  .refine(({ method, dataDirectory }) => method === "logical" || dataDirectory !== undefined, {
    path: ["method"],
    message: "physical needs dataDirectory",
  })
  .refine(({ method, dataDirectory }) => method === "physical" || dataDirectory === undefined, {
    path: ["dataDirectory"],
    message: "is for method: physical",
  })
  .refine(({ method, wal }) => method === "physical" || wal === undefined, {
    path: ["wal"],
    message: "is for method: physical; nothing can be recovered from WAL without a copy of the data directory",
  })
  .refine(({ method, databases, exclude }) => method === "logical" || (databases === "all" && exclude.length === 0), {
    path: ["databases"],
    message: "a physical backup has all databases; leave databases and exclude out",
  });

export type PostgresConfig = z.infer<typeof postgresConfigSchema>;

/** A configured cluster with its secret, as the parts of this source hand it around. */
export interface Cluster {
  readonly config: PostgresConfig;
  readonly password: string | undefined;
}

/** The same cluster, reached through a database that a restore of `databases` does not rename. */
export function besides(cluster: Cluster, databases: readonly string[]): Cluster {
  if (!databases.includes(cluster.config.maintenanceDatabase)) return cluster;
  return { ...cluster, config: { ...cluster.config, maintenanceDatabase: "template1" } };
}
