import { availableParallelism } from "node:os";
import { MusterError, mapLimit } from "@muster/core";
import type { PointWriter } from "@muster/repository";
import { streamTool } from "../process.ts";
import type { Facts, PointsBefore, SourceContext } from "../source.ts";
import {
  type ClusterFacts,
  clockOffset,
  holdsUserData,
  listDatabases,
  listExtensions,
  only,
  readClusterFacts,
} from "./cluster-facts.ts";
import type { Cluster } from "./config.ts";
import { type Client, withClient } from "./connection.ts";
import { readProperties } from "./database-properties.ts";
import { identityWarnings } from "./identity.ts";
import { databaseDirectory, globalsEntry } from "./layout.ts";
import { databaseArgument, findTools, type Tools, toolEnvironment } from "./tools.ts";

interface Job {
  readonly cluster: Cluster;
  readonly context: SourceContext;
  readonly writer: PointWriter;
  readonly server: ClusterFacts;
  readonly tools: Tools;
  readonly env: Record<string, string>;
  /** Reports bytes as they pass, over all dumps. */
  count(bytes: number): void;
}

/** Dumps every chosen database from its own snapshot, and the globals. The point's moment is that of the earliest snapshot. */
export async function backupCluster(
  cluster: Cluster,
  context: SourceContext,
  writer: PointWriter,
  before: PointsBefore = { systemIdentifier: "" },
): Promise<{ takenAt: number; facts: Facts }> {
  // Who is there, what is to be dumped, with which tools.
  const { server, databases, offset } = await withClient(cluster, context.signal, async (client) => ({
    server: await readClusterFacts(client),
    databases: await chosenDatabases(cluster, client),
    offset: await clockOffset(client, context.clock.now),
  }));
  const warnings = await identityWarnings(cluster, context, server, before.systemIdentifier);
  for (const { message } of warnings) context.log.warn(message);
  const tools = await findTools(cluster, server.major, context.signal);
  const env = await toolEnvironment(cluster, context.workDirectory);
  const total = databases.reduce((sum, { bytes }) => sum + bytes, 0);
  const job = { cluster, context, writer, server, tools, env, count: progressCounter(context, total) };

  // Globals first: a role that a later dump names then exists in the point, whoever adds roles meanwhile.
  if (cluster.config.globals) await dumpGlobals(job);
  const dumps = await mapLimit(databases, jobsOf(cluster), (database) => dumpDatabase(job, database.name));

  const startedAtServer = Math.min(...dumps.map(({ snapshotAt }) => snapshotAt));
  return {
    takenAt: startedAtServer - offset,
    facts: {
      version: server.version,
      major: server.major,
      systemIdentifier: server.systemIdentifier,
      startedAtServer,
      clockOffset: offset,
      globals: cluster.config.globals,
      ...(warnings.length === 0 ? {} : { warnings: warnings.map((warning) => ({ ...warning })) }),
      databases: dumps.map(({ name, snapshotAt, extensions }, index) => ({
        name,
        snapshotAt,
        extensions,
        bytes: databases[index]?.bytes ?? 0,
      })),
    },
  };
}

/** How many dumps run at once, and how many workers a restore has. */
export function jobsOf({ config }: Cluster): number {
  return config.jobs ?? Math.min(availableParallelism(), 4);
}

async function chosenDatabases({ config }: Cluster, client: Client) {
  const there = (await listDatabases(client)).filter(({ name }) => !name.includes("__muster_"));
  if (config.databases === "all") {
    // The database that only serves to connect to is left out while nobody keeps anything in it.
    const unused = (await holdsUserData(client)) ? [] : [config.maintenanceDatabase];
    return nonEmpty(there.filter(({ name }) => ![...unused, ...config.exclude].includes(name)));
  }
  return config.databases.map((name) => {
    const found = there.find((database) => database.name === name);
    if (found !== undefined) return found;
    throw new MusterError("not-found", `PostgreSQL at ${config.host}:${config.port} has no database "${name}"`, {
      hint: `There are: ${there.map((database) => database.name).join(", ") || "none"}. Correct databases in agent.yaml.`,
    });
  });
}

function nonEmpty<T>(databases: T[]): T[] {
  if (databases.length > 0) return databases;
  throw new MusterError("source-failed", "no database is left to back up", { hint: "Check exclude in agent.yaml." });
}

async function dumpGlobals({ cluster, context, writer, server, tools, env }: Job): Promise<void> {
  const passwords = server.superuser ? [] : ["--no-role-passwords"]; // only a superuser may read them
  const database = ["-d", databaseArgument(cluster.config.maintenanceDatabase)];
  const argv = [tools.path("pg_dumpall"), "--globals-only", "--no-password", ...passwords, ...database];
  await writer.addFile(globalsEntry, fileMeta(context), streamTool({ argv, env, signal: context.signal }));
}

/** Dumps from an exported snapshot, so that the moment of the dump is known and not guessed. */
function dumpDatabase(job: Job, name: string) {
  const { cluster, context, writer, server, tools, env } = job;
  const work = async (client: Client) => {
    await client.query("SET idle_in_transaction_session_timeout = 0");
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const snapshot = await exportSnapshot(client);
    const properties = await readProperties(client, server.major);
    const directory = databaseDirectory(name);
    await writer.addFile(
      `${directory}/properties.json`,
      fileMeta(context),
      oneChunk(JSON.stringify({ name, properties })),
    );
    const options = ["-Fc", "-Z0", "--no-password", `--snapshot=${snapshot.id}`, "-d", databaseArgument(name)];
    const dump = streamTool({ argv: [tools.path("pg_dump"), ...options], env, signal: context.signal });
    await writer.addFile(`${directory}/dump`, fileMeta(context), counted(dump, job.count));
    return { name, snapshotAt: snapshot.at, extensions: await listExtensions(client) };
  };
  return withClient(cluster, context.signal, work, name);
}

/** The snapshot and a moment (ms, server's clock) that is not after it: all that was committed by then is in it. */
async function exportSnapshot(client: Client): Promise<{ id: string; at: number }> {
  const { rows } = await client.query<{ id: string; at: string }>(
    "SELECT pg_export_snapshot() AS id, floor(extract(epoch FROM transaction_timestamp()) * 1000) AS at",
  );
  const { id, at } = only(rows);
  return { id, at: Number(at) };
}

function fileMeta({ clock }: SourceContext) {
  return { mode: 0o600, uid: 0, gid: 0, mtimeNs: BigInt(clock.now()) * 1_000_000n };
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function* counted(chunks: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}

function progressCounter(context: SourceContext, total: number): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    context.progress(done, Math.max(done, total), "bytes", "dumping");
  };
}
