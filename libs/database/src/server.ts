import { asMusterError, MusterError } from "@muster/core";
import type { Pool } from "pg";
import type { OpenDatabase } from "./open.ts";
import * as schema from "./schema/index.ts";

/** Held while migrations run, so that replicas that start together do not run them twice. */
const migrationLock = 0x6d757372;

/** A database on a PostgreSQL server. Throws `database-unavailable`, naming the server without its password. */
export async function openServer(url: string, migrationsFolder: string): Promise<OpenDatabase> {
  const [{ Pool }, { drizzle }] = await Promise.all([import("pg"), import("drizzle-orm/node-postgres")]);
  const pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 10_000 });
  pool.on("error", () => undefined); // an idle connection that breaks is replaced; the next query reports trouble
  try {
    await migrateAlone(pool, migrationsFolder);
  } catch (cause) {
    await pool.end();
    const message = `the database at ${withoutCredentials(url)} cannot be opened: ${asMusterError(cause).message}`;
    throw new MusterError("database-unavailable", message, { cause });
  }
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ended ??= pool.end();
    return ended;
  };
  return { db: drizzle({ client: pool, schema }), driver: "pg", close, [Symbol.asyncDispose]: close };
}

async function migrateAlone(pool: Pool, migrationsFolder: string): Promise<void> {
  const [{ drizzle }, { migrate }] = await Promise.all([
    import("drizzle-orm/node-postgres"),
    import("drizzle-orm/node-postgres/migrator"),
  ]);
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await migrate(drizzle({ client, schema }), { migrationsFolder });
  } finally {
    client.release(true); // ends the connection, and with it the lock
  }
}

function withoutCredentials(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "DATABASE_URL" : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
