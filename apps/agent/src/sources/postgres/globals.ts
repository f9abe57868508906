import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { shortId } from "../aside-note.ts";
import { exists, removeTree, writeDurably } from "../disk.ts";
import { runTool } from "../process.ts";
import type { SourceContext } from "../source.ts";
import type { Cluster } from "./config.ts";
import { identifier } from "./connection.ts";
import { databaseArgument, type Tools } from "./tools.ts";

interface Access {
  readonly cluster: Cluster;
  readonly context: SourceContext;
  readonly tools: Tools;
  readonly env: Record<string, string>;
}

/** Keeps the cluster's present globals (0600) so that a roll back can set roles to what they were. A repeat keeps the first. */
export async function saveGlobals(access: Access, asideId: string): Promise<void> {
  const path = savedPath(access.context, asideId);
  if (await exists(path)) return;
  const connection = ["--no-password", "-d", databaseArgument(access.cluster.config.maintenanceDatabase)];
  const argv = [access.tools.path("pg_dumpall"), "--globals-only", ...connection];
  const { stdout } = await runTool({ argv, env: access.env, signal: access.context.signal });
  await writeDurably(path, stdout);
}

/** Sets roles back to what `saveGlobals` kept; roles that the restore made stay. */
export async function applySavedGlobals(access: Access, asideId: string): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of createReadStream(savedPath(access.context, asideId))) chunks.push(chunk as Buffer);
  await applyGlobals(access, Buffer.concat(chunks).toString());
}

export async function dropSavedGlobals(context: SourceContext, asideId: string): Promise<void> {
  await removeTree(savedPath(context, asideId));
}

/**
 * Applies the output of `pg_dumpall --globals-only`. What exists already is fine (SQLSTATE 42710: roles, tablespaces), every
 * other error is not. The role that the agent connects as is left alone: a new password would lock the restore out.
 */
export async function applyGlobals({ cluster, context, tools, env }: Access, sql: string): Promise<void> {
  const file = join(context.workDirectory, "globals.sql");
  await writeFile(file, withoutOwnRole(sql, cluster.config.user), { mode: 0o600 });
  const connection = ["-d", databaseArgument(cluster.config.maintenanceDatabase)];
  const argv = [tools.path("psql"), "-X", "-q", "-w", "-v", "VERBOSITY=sqlstate", ...connection, "-f", file];
  const { stderr } = await runTool({ argv, env, signal: context.signal });
  const errors = stderr.split("\n").filter((line) => /ERROR:|FATAL:|error:/.test(line) && !/ERROR: +42710/.test(line));
  if (errors.length === 0) return;
  // VERBOSITY=sqlstate keeps the statement, and with it any password hash, out of the message.
  throw new MusterError(
    "source-failed",
    `the cluster's globals could not be applied: ${errors.slice(0, 5).join("; ")}`,
    {
      hint: "The number after ERROR is PostgreSQL's SQLSTATE, the number in front the line of the globals. Set globals: false to leave roles alone.",
    },
  );
}

function withoutOwnRole(sql: string, user: string): string {
  const names = [user, identifier(user)];
  const own = names.flatMap((name) => [`CREATE ROLE ${name};`, `ALTER ROLE ${name} WITH `]);
  // \restrict came with the minor releases of August 2025; older psql does not know it.
  const dropped = ["\\restrict ", "\\unrestrict ", ...own];
  return sql
    .split("\n")
    .filter((line) => !dropped.some((start) => line.startsWith(start)))
    .join("\n");
}

function savedPath({ stateDirectory }: SourceContext, asideId: string): string {
  return join(stateDirectory, `globals-${shortId(asideId)}.sql`);
}
