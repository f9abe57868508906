import { noteToAccept, noteToRollBack, writeNote } from "../aside-note.ts";
import type { SourceContext } from "../source.ts";
import { databaseOid, dropDatabase, readClusterFacts } from "./cluster-facts.ts";
import { besides, type Cluster } from "./config.ts";
import { type Client, withClient } from "./connection.ts";
import { applySavedGlobals, dropSavedGlobals } from "./globals.ts";
import type { DatabaseNote, RestoreDetail } from "./restore-note.ts";
import { closeDatabase, openDatabase, renameTogether, requireOid } from "./switch.ts";
import { findTools, toolEnvironment } from "./tools.ts";

/** Drops the databases that a restore moved aside. Returns what was done, for people. */
export async function acceptRestore(configured: Cluster, context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToAccept<RestoreDetail>(context, asideId);
  if (note === undefined) return [];
  const cluster = awayFrom(configured, note.detail);
  const done = await withClient(cluster, context.signal, async (client) => {
    const dropped: string[] = [];
    for (const { aside, oldOid } of note.detail.databases) {
      if (oldOid === null || (await databaseOid(client, aside)) !== oldOid) continue;
      await dropDatabase(client, aside);
      dropped.push(`dropped database "${aside}"`);
    }
    return dropped;
  });
  await dropSavedGlobals(context, asideId);
  await writeNote(context, { ...note, phase: "accepted" });
  return done;
}

/**
 * Puts the old databases back and drops the restored ones, from whatever state the restore was left in. Renames are one
 * transaction, so a repeat after a crash finds either side whole.
 */
export async function rollBackRestore(configured: Cluster, context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToRollBack<RestoreDetail>(context, asideId);
  if (note === undefined) return [];
  const { databases, globalsSaved } = note.detail;
  const cluster = awayFrom(configured, note.detail);
  const notes = await withClient(cluster, context.signal, async (client) => {
    const switched = await switchedIn(client, databases);
    if (switched.length > 0) await switchOut(client, switched, context.signal);
    for (const { name, oldOid, fresh } of databases) {
      if (oldOid !== null) await openDatabase(client, name);
      await dropDatabase(client, fresh);
    }
    return switched.map(({ name, oldOid }) => (oldOid === null ? `dropped "${name}"` : `put "${name}" back`));
  });
  if (globalsSaved) await restoreOldGlobals(cluster, context, asideId);
  await writeNote(context, { ...note, phase: "rolled-back" });
  return globalsSaved ? [...notes, "set roles back to what they were; roles that the restore made stay"] : notes;
}

function awayFrom(cluster: Cluster, { databases }: RestoreDetail): Cluster {
  return besides(
    cluster,
    databases.map(({ name }) => name),
  );
}

async function switchedIn(client: Client, databases: readonly DatabaseNote[]): Promise<DatabaseNote[]> {
  const switched: DatabaseNote[] = [];
  for (const database of databases) {
    const { name, aside, oldOid, freshOid } = database;
    const live = await databaseOid(client, name);
    if (freshOid !== null && live === freshOid) switched.push(database);
    else if (oldOid !== null && (await databaseOid(client, aside)) === oldOid)
      await requireOid(client, name, freshOid ?? "");
  }
  return switched;
}

async function switchOut(client: Client, databases: readonly DatabaseNote[], signal: AbortSignal): Promise<void> {
  for (const { aside, oldOid } of databases) if (oldOid !== null) await requireOid(client, aside, oldOid);
  for (const { name } of databases) await closeDatabase(client, name, signal);
  await renameTogether(
    client,
    databases.flatMap(({ name, fresh, aside, oldOid }) => [
      { from: name, to: fresh },
      ...(oldOid === null ? [] : [{ from: aside, to: name }]),
    ]),
  );
}

async function restoreOldGlobals(cluster: Cluster, context: SourceContext, asideId: string): Promise<void> {
  const { major } = await withClient(cluster, context.signal, readClusterFacts);
  const tools = await findTools(cluster, major, context.signal);
  const env = await toolEnvironment(cluster, context.workDirectory);
  await applySavedGlobals({ cluster, context, tools, env }, asideId);
  await dropSavedGlobals(context, asideId);
}
