import { readFile } from "node:fs/promises";
import { MusterError, systemErrorCode } from "@muster/core";
import type { Client, ClientConfig } from "pg";
import type { Cluster, PostgresConfig } from "./config.ts";

export type { Client } from "pg";

const connectTimeout = 10_000;
/** SQLSTATEs of a server that is there but does not let anybody in yet: starting up, too many connections, shutdown. */
const passing = new Set(["57P03", "53300", "57P01", "57P02"]);

/**
 * Connects to one database, works, and disconnects; an abort cuts the connection. Throws `source-unavailable`
 * (retryable when the server is down, not when it refuses the credentials) and `cancelled`.
 */
export async function withClient<T>(
  cluster: Cluster,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
  database: string = cluster.config.maintenanceDatabase,
): Promise<T> {
  const client = await connect(cluster, database);
  // An abort destroys the socket: whatever statement waits there fails at once.
  const cut = (): void => void client.end().catch(() => undefined);
  signal.addEventListener("abort", cut, { once: true });
  try {
    return await work(client);
  } catch (cause) {
    if (signal.aborted) throw new MusterError("cancelled", "the work on PostgreSQL was cancelled", { cause });
    throw sqlFailure(cause, database);
  } finally {
    signal.removeEventListener("abort", cut);
    await client.end().catch(() => undefined); // it may be broken; the error of the work counts
  }
}

async function connect(cluster: Cluster, database: string): Promise<Client> {
  const { default: pg } = await import("pg");
  return open(new pg.Client(await clientSettings(cluster, database)), cluster, database);
}

/** Connects in the mode of replication commands (a physical WAL sender); the caller ends the client. Throws as `withClient`. */
export async function connectForReplication(cluster: Cluster, name: string): Promise<Client> {
  const { default: pg } = await import("pg");
  const settings = await clientSettings(cluster, "");
  // `replication` is not in the package's types; it goes into the start-up message.
  const forReplication: ClientConfig & { replication: string } = {
    ...settings,
    replication: "true",
    application_name: name,
  };
  return open(new pg.Client(forReplication), cluster, "replication");
}

async function clientSettings({ config, password }: Cluster, database: string): Promise<ClientConfig> {
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    database,
    password: password ?? "",
    ssl: await encryption(config),
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    application_name: "muster-agent",
  };
}

async function open(client: Client, { config }: Cluster, database: string): Promise<Client> {
  client.on("error", () => undefined); // a connection that breaks while idle; the next statement on it fails
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await client.end().catch(() => undefined);
    throw connectFailure(config.host, config.port, database, cause);
  }
}

async function encryption({ tls, tlsCaFile }: PostgresConfig) {
  if (tls === "disable") return false;
  if (tls === "require") return { rejectUnauthorized: false }; // encrypts only, as libpq does with this mode
  return tlsCaFile === undefined ? true : { ca: await readCertificate(tlsCaFile) };
}

async function readCertificate(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new MusterError("config-invalid", `tlsCaFile ${path} cannot be read`, { cause });
  });
}

function connectFailure(host: string, port: number, database: string, cause: unknown): MusterError {
  const code = systemErrorCode(cause);
  const reason = cause instanceof Error && cause.message !== "" ? cause.message : (code ?? String(cause));
  const refused = code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !passing.has(code);
  return new MusterError("source-unavailable", `PostgreSQL at ${host}:${port}, database "${database}": ${reason}`, {
    cause,
    retryable: !refused,
    hint: refused
      ? "Check user, password reference and database in agent.yaml, and pg_hba.conf on the server."
      : "Check that the server runs and that agent.yaml has the right address; after a lost data directory, run initdb and start it.",
  });
}

/** What a failed statement means. */
export function sqlFailure(cause: unknown, database: string): unknown {
  if (cause instanceof MusterError) return cause;
  const code = systemErrorCode(cause);
  if (code === undefined && !(cause instanceof Error)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === "53100") return new MusterError("disk-full", `PostgreSQL has no space left: ${message}`, { cause });
  const lost = code === undefined || passing.has(code) || code.startsWith("E");
  const kind = lost ? "source-unavailable" : "source-failed";
  return new MusterError(kind, `PostgreSQL, database "${database}": ${message}`, { cause });
}

/** Quotes an identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a literal; right with any setting of standard_conforming_strings. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}
