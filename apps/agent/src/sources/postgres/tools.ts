import { access, constants, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { runTool } from "../process.ts";
import type { Cluster } from "./config.ts";

export interface Tools {
  readonly major: number;
  /** The full argv[0] of a tool: pg_dump, pg_dumpall, pg_restore, psql. */
  path(tool: string): string;
}

/**
 * Finds client tools whose major version is at least the server's: in `binDirectory` if it is set, else in the
 * places of Debian and Red Hat, else on the PATH. Throws `tool-missing` or `version-mismatch`.
 */
export async function findTools(cluster: Cluster, serverMajor: number, signal: AbortSignal): Promise<Tools> {
  const { binDirectory } = cluster.config;
  const directory = binDirectory ?? (await usualDirectory(serverMajor));
  const path = (tool: string): string => (directory === undefined ? tool : join(directory, tool));
  const major = await toolMajor(path("pg_dump"), serverMajor, signal);
  if (major < serverMajor) {
    throw new MusterError("version-mismatch", `pg_dump is of version ${major}, the server of ${serverMajor}`, {
      hint: `Install the PostgreSQL ${serverMajor} client tools, or set binDirectory in agent.yaml.`,
    });
  }
  return { major, path };
}

async function usualDirectory(major: number): Promise<string | undefined> {
  const candidates = [`/usr/lib/postgresql/${major}/bin`, `/usr/pgsql-${major}/bin`];
  for (const candidate of candidates) {
    if (await isExecutable(join(candidate, "pg_dump"))) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function toolMajor(pgDump: string, serverMajor: number, signal: AbortSignal): Promise<number> {
  try {
    const { stdout } = await runTool({ argv: [pgDump, "--version"], signal });
    return Number(/\) (\d+)/.exec(stdout)?.[1] ?? 0);
  } catch (cause) {
    if (!(cause instanceof MusterError) || cause.code !== "tool-missing") throw cause;
    throw new MusterError("tool-missing", cause.message, {
      cause,
      hint: `Install the PostgreSQL ${serverMajor} client tools (Debian: postgresql-client-${serverMajor}), or set binDirectory in agent.yaml.`,
    });
  }
}

/** How the tools reach the server. The password is in a file (0600) of the job's private directory, never in argv. */
export async function toolEnvironment(
  { config, password }: Cluster,
  workDirectory: string,
): Promise<Record<string, string>> {
  const base = {
    PGHOST: config.host,
    PGPORT: String(config.port),
    PGUSER: config.user,
    PGSSLMODE: config.tls,
    ...(config.tls === "verify-full" ? { PGSSLROOTCERT: config.tlsCaFile ?? "system" } : {}),
    PGCONNECT_TIMEOUT: "10",
    PGAPPNAME: "muster-agent",
    LC_ALL: "C",
  };
  if (password === undefined) return base;
  const file = join(workDirectory, "pgpass");
  await writeFile(file, `*:*:*:*:${password.replaceAll(/[\\:]/g, "\\$&")}\n`, { mode: 0o600 });
  return { ...base, PGPASSFILE: file };
}

/** A database name as a tool's argument; a bare name with "=" or "://" in it would be read as something else. */
export function databaseArgument(name: string): string {
  return `dbname='${name.replaceAll(/['\\]/g, "\\$&")}'`;
}
