import { z } from "zod";

/** A Redis or Valkey server, protected by snapshots (RDB). */
export const redisConfigSchema = z
  .strictObject({
    type: z.literal("redis"),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(1).max(65_535).default(6379),
    username: z.string().optional(),
    passwordFile: z.string().optional(),
    passwordEnv: z.string().optional(),
    /** The server's `dir`, as this host sees it; a restore writes there. Without it the server is asked. */
    dataDirectory: z.string().startsWith("/").optional(),
    dbfilename: z.string().min(1).optional(),
    /** Whether the server's configuration has the append-only file on. Without it the recovery point says so. */
    appendOnly: z.boolean().optional(),
    /** disk: BGSAVE, then read the file. stream: over the replication protocol, by redis-cli. */
    method: z.enum(["disk", "stream"]).default("disk"),
    /** Who owns a data directory that a restore has to make: numeric user and group. */
    owner: z.strictObject({ uid: z.int().min(0), gid: z.int().min(0) }).optional(),
    binDirectory: z.string().optional(),
    /** How long a snapshot may take, in seconds. */
    saveTimeoutSeconds: z.int().min(1).default(3600),
  })
  .refine(({ passwordFile, passwordEnv }) => passwordFile === undefined || passwordEnv === undefined, {
    message: "set passwordFile or passwordEnv, not both",
  });

export type RedisConfig = z.infer<typeof redisConfigSchema>;

/** A configured server with its secret. */
export interface Server {
  readonly config: RedisConfig;
  readonly password: string | undefined;
}
