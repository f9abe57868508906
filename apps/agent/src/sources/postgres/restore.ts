import { open } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { PointReader } from "@muster/repository";
import { type AsideNote, readNote, refuseFinished, shortId, writeNote } from "../aside-note.ts";
import { removeTree, writingAt } from "../disk.ts";
import { refuseOnErrors } from "../findings.ts";
import { runTool } from "../process.ts";
import type { RestoreOutcome, RestoreRequest, SourceContext } from "../source.ts";
import { jobsOf } from "./backup.ts";
import { checkClusterRestore } from "./check.ts";
import { databaseOid, dropDatabase, readClusterFacts } from "./cluster-facts.ts";
import { besides, type Cluster } from "./config.ts";
import { type Client, withClient } from "./connection.ts";
import { createStatement, type DatabaseProperties, propertyStatements } from "./database-properties.ts";
import { applyGlobals, saveGlobals } from "./globals.ts";
import { databaseDirectory, globalsEntry, pointFacts } from "./layout.ts";
import { addIdentifier } from "./lineage.ts";
import { type DatabaseNote, newDatabaseNote, type RestoreDetail } from "./restore-note.ts";
import { closeDatabase, renameTogether } from "./switch.ts";
import { databaseArgument, findTools, type Tools, toolEnvironment } from "./tools.ts";

type Note = AsideNote<RestoreDetail>;

interface Job {
  readonly cluster: Cluster;
  readonly context: SourceContext;
  readonly reader: PointReader;
  readonly request: RestoreRequest;
  readonly client: Client;
  readonly tools: Tools;
  readonly env: Record<string, string>;
}

/**
 * Loads every database of the point under a fresh name, then switches all of them in by one transaction of renames.
 * Killed before that transaction, the old databases are in place; after it, the new ones are, with the old ones aside.
 * A repeat drops half-loaded databases and starts anew, or finds the switch done and finishes.
 */
export async function restoreCluster(
  configured: Cluster,
  context: SourceContext,
  reader: PointReader,
  request: RestoreRequest,
): Promise<RestoreOutcome> {
  const names = pointFacts(request.point.facts).databases.map(({ name }) => name);
  const cluster = besides(configured, names);
  const previous = await readNote<RestoreDetail>(context, request.asideId);
  refuseFinished(previous);
  refuseOnErrors(await checkClusterRestore(cluster, context, request));
  return withClient(cluster, context.signal, async (client) => {
    const server = await readClusterFacts(client);
    const tools = await findTools(cluster, server.major, context.signal);
    const env = await toolEnvironment(cluster, context.workDirectory);
    const job = { cluster, context, reader, request, client, tools, env };

    let note = previous ?? (await firstNote(job));
    let bytes = 0;
    if (!(await isSwitched(client, note))) {
      note = await restoreGlobals(job, note);
      for (const { name } of note.detail.databases) ({ note, bytes } = await loadDatabase(job, note, name, bytes));
      note = await switchIn(job, note);
    }

    // Nothing below changes data: a repeat that finds the switch done comes straight here.
    context.progress(request.point.logicalBytes, request.point.logicalBytes, "bytes", "finishing");
    await addIdentifier(context, server.systemIdentifier);
    await writeNote(context, { ...note, phase: "restored" });
    return outcome(note, bytes, server.systemIdentifier);
  });
}

async function firstNote({ client, context, request }: Job): Promise<Note> {
  const { asideId } = request;
  const databases: DatabaseNote[] = [];
  for (const { name } of pointFacts(request.point.facts).databases) {
    databases.push(newDatabaseNote(name, asideId, await databaseOid(client, name)));
  }
  if (databases.length === 0) throw new MusterError("point-missing", "the point names no databases");
  return writeNote(context, { asideId, phase: "staging", detail: { databases, globalsSaved: false } });
}

async function isSwitched(client: Client, { detail }: Note): Promise<boolean> {
  const [first] = detail.databases; // all are renamed in one transaction: one speaks for all
  if (first === undefined || first.freshOid === null) return false;
  return (await databaseOid(client, first.name)) === first.freshOid;
}

async function restoreGlobals(job: Job, note: Note): Promise<Note> {
  const { cluster, context, reader, request } = job;
  const entry = await reader.entry(globalsEntry);
  if (!cluster.config.globals || entry === undefined) return note;
  context.progress(0, request.point.logicalBytes, "bytes", "roles and tablespaces");
  await saveGlobals(job, request.asideId);
  const saved = await writeNote(context, { ...note, detail: { ...note.detail, globalsSaved: true } });
  await applyGlobals(job, await readText(job, globalsEntry));
  return saved;
}

async function loadDatabase(
  job: Job,
  note: Note,
  name: string,
  before: number,
): Promise<{ note: Note; bytes: number }> {
  const { client, context, request } = job;
  const database = note.detail.databases.find((candidate) => candidate.name === name);
  if (database === undefined) throw new MusterError("internal", `the restore's note lost database "${name}"`);

  // What an attempt before left under our own derived name is half loaded.
  await dropDatabase(client, database.fresh);
  const properties = await readDatabaseProperties(job, name);
  await client.query(createStatement(database.fresh, properties));
  const freshOid = await requireDatabase(client, database.fresh);
  const noted = await writeNote(context, withFreshOid(note, name, freshOid));

  const file = join(context.workDirectory, `dump-${shortId(name)}`);
  try {
    const bytes = before + (await writingAt(file, () => stageDump(job, name, file, before)));
    context.progress(bytes, request.point.logicalBytes, "bytes", `loading ${name}`);
    await loadDump(job, database.fresh, file);
    for (const statement of propertyStatements(database.fresh, properties)) await client.query(statement);
    await withClient(job.cluster, context.signal, (fresh) => fresh.query("ANALYZE"), database.fresh);
    return { note: noted, bytes };
  } finally {
    await removeTree(file);
  }
}

function withFreshOid(note: Note, name: string, freshOid: string): Note {
  const databases = note.detail.databases.map((one) => (one.name === name ? { ...one, freshOid } : one));
  return { ...note, detail: { ...note.detail, databases } };
}

async function requireDatabase(client: Client, name: string): Promise<string> {
  const oid = await databaseOid(client, name);
  if (oid === undefined) throw new MusterError("source-failed", `database "${name}" vanished after it was created`);
  return oid;
}

/** pg_restore in parallel needs a file it can seek in. Returns the bytes written. */
async function stageDump(
  { reader, context, request }: Job,
  name: string,
  path: string,
  before: number,
): Promise<number> {
  const entry = await requireEntry(reader, `${databaseDirectory(name)}/dump`);
  await using file = await open(path, "w", 0o600);
  let bytes = 0;
  for await (const chunk of reader.read(entry, { signal: context.signal })) {
    await file.writeFile(chunk);
    bytes += chunk.length;
    context.progress(before + bytes, request.point.logicalBytes, "bytes", `fetching ${name}`);
  }
  return bytes;
}

async function loadDump({ cluster, context, tools, env }: Job, database: string, file: string): Promise<void> {
  const options = ["--exit-on-error", "--no-password", "-j", String(jobsOf(cluster)), "-d", databaseArgument(database)];
  await runTool({ argv: [tools.path("pg_restore"), ...options, file], env, signal: context.signal });
}

/** The point of no return of this attempt: old databases are closed, then all names change at once. */
async function switchIn({ client, context, request }: Job, note: Note): Promise<Note> {
  const switching = await writeNote(context, { ...note, phase: "switching" });
  context.progress(request.point.logicalBytes, request.point.logicalBytes, "bytes", "switching");
  const { databases } = note.detail;
  for (const { name, oldOid } of databases) if (oldOid !== null) await closeDatabase(client, name, context.signal);
  await renameTogether(
    client,
    databases.flatMap(({ name, fresh, aside, oldOid }) => [
      ...(oldOid === null ? [] : [{ from: name, to: aside }]),
      { from: fresh, to: name },
    ]),
  );
  return switching;
}

function outcome({ detail }: Note, bytes: number, systemIdentifier: string): RestoreOutcome {
  const asides = detail.databases.filter(({ oldOid }) => oldOid !== null);
  return {
    bytes,
    items: detail.databases.length,
    movedAside: asides.length > 0,
    notes: asides.map(({ name, aside }) => `the old database "${name}" is kept as "${aside}", closed to connections`),
    facts: { systemIdentifier, databases: detail.databases.map(({ name }) => name) },
  };
}

async function readDatabaseProperties(job: Job, name: string): Promise<DatabaseProperties> {
  const text = await readText(job, `${databaseDirectory(name)}/properties.json`);
  return (JSON.parse(text) as { properties: DatabaseProperties }).properties; // written by our backup, sealed since
}

async function readText({ reader, context }: Job, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.read(await requireEntry(reader, path), { signal: context.signal }))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function requireEntry(reader: PointReader, path: string) {
  const entry = await reader.entry(path);
  if (entry === undefined) throw new MusterError("point-missing", `the recovery point has no entry "${path}"`);
  return entry;
}
