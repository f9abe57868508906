import { deadline } from "@muster/core";
import type { Source } from "../source.ts";
import { backupServer } from "./backup.ts";
import type { RedisConfig } from "./config.ts";
import { withServer } from "./connection.ts";
import { acceptRestore, checkServerRestore, restoreServer, rollBackRestore } from "./restore.ts";
import { readFacts } from "./server-facts.ts";

export { type RedisConfig, redisConfigSchema } from "./config.ts";

/** How long the agent waits for the inventory's facts, in milliseconds. */
const inspectDeadline = 15_000;

/** A Redis server, backed up by snapshots and restored while it is stopped. `secrets.password` when it asks for one. */
export function createRedisSource(name: string, config: RedisConfig, secrets: Record<string, string>): Source {
  const server = { config, password: secrets.password };
  return {
    name,
    type: "redis",
    location: `redis://${config.host}:${config.port}`,
    inspect: ({ signal }) => withServer(server, deadline(inspectDeadline, signal), readFacts),
    backup: (context, writer) => backupServer(server, context, writer),
    checkRestore: (context, request) => checkServerRestore(server, context, request),
    restore: (context, reader, request) => restoreServer(server, context, reader, request),
    accept: (context, asideId) => acceptRestore(context, asideId),
    rollBack: (context, asideId) => rollBackRestore(server, context, asideId),
  };
}
