import { rename } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@muster/core/testing";
import { memoryStore } from "@muster/object-store/testing";
import type { Domain, PointSummary, PointWriter } from "@muster/repository";
import { newDomain } from "@muster/repository/testing";
import { createPostgresSource, postgresConfigSchema } from "../sources/postgres/index.ts";
import type { RestoreOutcome, RestoreRequest, SourceContext } from "../sources/source.ts";
import type { TestCluster } from "./postgres-cluster.ts";
import { testContext } from "./source-context.ts";

/** A cluster that is protected by physical backups into a repository in memory. */
export interface PhysicalSite {
  readonly domain: Domain;
  /** `around` may change the writer that the source gets, and do things at a certain call. */
  backUp(options?: {
    around?: (writer: PointWriter) => PointWriter;
    context?: Partial<SourceContext>;
  }): Promise<PointSummary>;
  restore(point: PointSummary, options?: RestoreOptions): Promise<RestoreOutcome>;
  source(changes?: Record<string, unknown>): ReturnType<typeof createPostgresSource>;
}

export interface RestoreOptions {
  readonly changes?: Record<string, unknown>;
  readonly context?: SourceContext;
  readonly request?: Partial<RestoreRequest>;
}

/** `settings` are further ones of the source in agent.yaml. */
export async function physicalSite(
  cluster: TestCluster,
  settings: Record<string, unknown> = {},
): Promise<PhysicalSite> {
  const domain = await newDomain(memoryStore());
  const source = (changes: Record<string, unknown> = {}) => {
    const { host, port, user, dataDirectory } = cluster;
    const config = { type: "postgres", method: "physical", host, port, user, dataDirectory, ...settings, ...changes };
    return createPostgresSource("db", postgresConfigSchema.parse(config), {});
  };
  return {
    domain,
    source,
    async backUp({ around = (writer: PointWriter) => writer, context: changes = {} } = {}) {
      await using context = await testContext(changes);
      const startedAt = context.clock.now();
      const writer = await domain.beginPoint({ source: "db", kind: "postgres", host: "db-1", startedAt });
      try {
        const { takenAt, facts } = await source().backup(context, around(writer));
        return await writer.commit({ takenAt, facts });
      } catch (thrown) {
        await writer.abort();
        throw thrown;
      }
    },
    async restore(point, { changes, context: given, request } = {}) {
      await using own = await testContext();
      const reader = await domain.openPoint(point.id);
      return await source(changes).restore(given ?? own, reader, { ...requestOf(point), ...request });
    },
  };
}

export function requestOf({ id, kind, logicalBytes, takenAt, host, facts }: PointSummary): RestoreRequest {
  const point = { pointId: id, sourceType: kind, logicalBytes, takenAt, host, facts };
  return { point, asideId: "rec_1", allowNewTarget: false };
}

/** Starts the server on a restored data directory and waits until it is promoted: it answers queries, read only, a moment before. */
export async function startRestored(cluster: TestCluster, dataDirectory?: string): Promise<void> {
  await cluster.start(dataDirectory);
  await waitFor("the server to be promoted", async () => {
    const [row] = await cluster.query("SELECT pg_is_in_recovery() AS recovering");
    return row?.recovering === false;
  });
}

/** Takes a stopped cluster's data directory away, as a disaster does. */
export async function loseDataDirectory({ home, dataDirectory }: TestCluster): Promise<void> {
  await rename(dataDirectory, join(home, `lost-${process.hrtime.bigint()}`));
}
