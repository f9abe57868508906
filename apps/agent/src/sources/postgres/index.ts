import { deadline } from "@muster/core";
import type { Source } from "../source.ts";
import { acceptRestore, rollBackRestore } from "./aside.ts";
import { backupCluster } from "./backup.ts";
import { checkClusterRestore } from "./check.ts";
import { listDatabases, readClusterFacts } from "./cluster-facts.ts";
import type { PostgresConfig } from "./config.ts";
import { withClient } from "./connection.ts";
import { createPhysicalSource, isPhysical } from "./physical/index.ts";
import { restoreCluster } from "./restore.ts";

export { type PostgresConfig, postgresConfigSchema } from "./config.ts";

/** How long the agent waits for the inventory's facts, in milliseconds. */
const inspectDeadline = 15_000;

/** A PostgreSQL cluster, by the configured method. `secrets.password` when the server asks for one. */
export function createPostgresSource(name: string, config: PostgresConfig, secrets: Record<string, string>): Source {
  return isPhysical(config) ? createPhysicalSource(name, config, secrets) : createLogicalSource(name, config, secrets);
}

function createLogicalSource(name: string, config: PostgresConfig, secrets: Record<string, string>): Source {
  const cluster = { config, password: secrets.password };
  return {
    name,
    type: "postgres",
    location: `postgres://${config.host}:${config.port}`,
    inspect: ({ signal }) =>
      withClient(cluster, deadline(inspectDeadline, signal), async (client) => {
        const { version, systemIdentifier } = await readClusterFacts(client);
        const databases = await listDatabases(client);
        const bytes = databases.reduce((sum, database) => sum + database.bytes, 0);
        return { version, systemIdentifier, bytes, databases: databases.map((database) => database.name) };
      }),
    backup: (context, writer, before) => backupCluster(cluster, context, writer, before),
    checkRestore: (context, request) => checkClusterRestore(cluster, context, request),
    restore: (context, reader, request) => restoreCluster(cluster, context, reader, request),
    accept: (context, asideId) => acceptRestore(cluster, context, asideId),
    rollBack: (context, asideId) => rollBackRestore(cluster, context, asideId),
  };
}
