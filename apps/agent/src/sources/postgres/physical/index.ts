import { deadline } from "@muster/core";
import type { Source } from "../../source.ts";
import { listDatabases, readClusterFacts } from "../cluster-facts.ts";
import { withClient } from "../connection.ts";
import { acceptDataDirectory, rollBackDataDirectory } from "./aside.ts";
import { backupDataDirectory } from "./backup.ts";
import { checkPhysicalRestore } from "./check.ts";
import type { PhysicalConfig } from "./physical-config.ts";
import { restoreDataDirectory } from "./restore.ts";

export { isPhysical, type PhysicalConfig } from "./physical-config.ts";

/** How long the agent waits for the inventory's facts, in milliseconds. */
const inspectDeadline = 15_000;

/** A PostgreSQL cluster on this host, backed up and restored as its data directory. */
export function createPhysicalSource(name: string, config: PhysicalConfig, secrets: Record<string, string>): Source {
  const cluster = { config, password: secrets.password };
  return {
    name,
    type: "postgres",
    location: `postgres://${config.host}:${config.port}${config.dataDirectory}`,
    inspect: ({ signal }) =>
      withClient(cluster, deadline(inspectDeadline, signal), async (client) => {
        const { version, systemIdentifier } = await readClusterFacts(client);
        const databases = await listDatabases(client);
        const bytes = databases.reduce((sum, database) => sum + database.bytes, 0);
        const names = databases.map((database) => database.name);
        return { version, systemIdentifier, bytes, databases: names, method: "physical" };
      }),
    backup: (context, writer, before) => backupDataDirectory(cluster, config.dataDirectory, context, writer, before),
    checkRestore: (context, request) => checkPhysicalRestore(config, context, request),
    restore: (context, reader, request) => restoreDataDirectory(config, context, reader, request),
    accept: (context, asideId) => acceptDataDirectory(context, asideId),
    rollBack: (context, asideId) => rollBackDataDirectory(config, context, asideId),
  };
}
