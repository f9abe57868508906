import { type Client, identifier } from "./connection.ts";

export interface ClusterFacts {
  readonly version: string;
  readonly major: number;
  readonly systemIdentifier: string;
  readonly superuser: boolean;
}

/** Version and identity of the server. */
export async function readClusterFacts(client: Client): Promise<ClusterFacts> {
  const { rows } = await client.query<{ version: string; number: string; superuser: boolean; identifier: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
            current_setting('is_superuser') = 'on' AS superuser,
            (SELECT system_identifier::text FROM pg_control_system()) AS identifier`,
  );
  const row = only(rows);
  return {
    version: row.version,
    major: Math.floor(Number(row.number) / 10_000),
    systemIdentifier: row.identifier,
    superuser: row.superuser,
  };
}

/** Milliseconds by which the server's clock is ahead of ours, to half a round trip. */
export async function clockOffset(client: Client, now: () => number): Promise<number> {
  const before = now();
  const { rows } = await client.query<{ ms: string }>(
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS ms",
  );
  return Math.round(Number(only(rows).ms) - (before + now()) / 2);
}

export interface DatabaseSize {
  readonly name: string;
  readonly oid: string;
  readonly bytes: number;
}

/** All databases that can be connected to, templates left out, by name. */
export async function listDatabases(client: Client): Promise<DatabaseSize[]> {
  const { rows } = await client.query<{ name: string; oid: string; bytes: string }>(
    `SELECT datname AS name, oid::text, pg_database_size(oid)::text AS bytes FROM pg_database
      WHERE datallowconn AND NOT datistemplate ORDER BY datname`,
  );
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}

/** The oid of a database, or undefined when there is none of that name. */
export async function databaseOid(client: Client, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ oid: string }>("SELECT oid::text FROM pg_database WHERE datname = $1", [name]);
  return rows[0]?.oid;
}

/** Extensions of the database connected to, without the built-in language. */
export async function listExtensions(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

/** Whether the database connected to holds anything that a user made. */
export async function holdsUserData(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ any: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema')
      OR EXISTS (SELECT FROM pg_largeobject_metadata) AS any`,
  );
  return only(rows).any;
}

/** Removes a database and cuts whoever is connected to it; nothing there is fine. */
export async function dropDatabase(client: Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`);
}

/** The single row that the query must return. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error("the query returned no row");
  return row;
}
