import { z } from "zod";
import type { Secrets } from "../config/secrets.ts";
import { commandConfigSchema } from "./command/config.ts";
import { filesConfigSchema } from "./files/config.ts";
import { postgresConfigSchema } from "./postgres/config.ts";
import { redisConfigSchema } from "./redis/config.ts";
import type { Source } from "./source.ts";

/** Every kind of source that agent.yaml may declare. */
export const sourceConfigSchema = z.discriminatedUnion("type", [
  postgresConfigSchema,
  redisConfigSchema,
  filesConfigSchema,
  commandConfigSchema,
]);

export type SourceConfig = z.infer<typeof sourceConfigSchema>;

/** Makes the source that an entry of agent.yaml describes; touches nothing yet. Drivers are loaded by who needs them. */
export async function createSource(name: string, config: SourceConfig, secrets: Secrets): Promise<Source> {
  switch (config.type) {
    case "postgres":
      return (await import("./postgres/index.ts")).createPostgresSource(name, config, { ...secrets });
    case "redis":
      return (await import("./redis/index.ts")).createRedisSource(name, config, { ...secrets });
    case "files":
      return (await import("./files/index.ts")).createFilesSource(name, config, { ...secrets });
    case "command":
      return (await import("./command/index.ts")).createCommandSource(name, config, { ...secrets });
    default:
      return config satisfies never;
  }
}
