import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import * as schema from "./schema/index.ts";

/** A drizzle database over either driver; code outside this package never asks which. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;
/** What a `store.ts` function takes: the database or a transaction in it. */
export type Queryable = Pick<
  Database,
  "select" | "selectDistinct" | "selectDistinctOn" | "insert" | "update" | "delete" | "execute"
>;

export interface OpenDatabase extends AsyncDisposable {
  readonly db: Database;
  /** "pglite" or "pg". */
  readonly driver: "pglite" | "pg";
  close(): Promise<void>;
}

const migrationsFolder = join(import.meta.dirname, "..", "migrations");

/**
 * Opens the control plane's database and brings its schema up to date.
 * With `url` (postgres://…) it is a PostgreSQL server, otherwise PGlite in `directory` (undefined: in memory).
 * Throws `database-unavailable`.
 */
export async function openDatabase(options: {
  url?: string | undefined;
  directory?: string | undefined;
}): Promise<OpenDatabase> {
  try {
    return options.url === undefined ? await openPglite(options.directory) : await openServer(options.url);
  } catch (cause) {
    const place = options.url === undefined ? (options.directory ?? "memory") : hideCredentials(options.url);
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("database-unavailable", `the database at ${place} cannot be opened: ${message}`, { cause });
  }
}

async function openPglite(directory: string | undefined): Promise<OpenDatabase> {
  const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("drizzle-orm/pglite"),
    import("drizzle-orm/pglite/migrator"),
  ]);
  if (directory !== undefined) await mkdir(directory, { recursive: true, mode: 0o700 });
  const client = new PGlite(directory === undefined ? {} : { dataDir: directory });
  await client.waitReady;
  const db = drizzle({ client, schema });
  await migrate(db, { migrationsFolder });
  const close = (): Promise<void> => client.close();
  return { db, driver: "pglite", close, [Symbol.asyncDispose]: close };
}

async function openServer(url: string): Promise<OpenDatabase> {
  const [{ Pool }, { drizzle }, { migrate }] = await Promise.all([
    import("pg"),
    import("drizzle-orm/node-postgres"),
    import("drizzle-orm/node-postgres/migrator"),
  ]);
  const pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 10_000 });
  pool.on("error", () => undefined); // an idle connection that breaks is replaced; the next query reports trouble
  const db = drizzle({ client: pool, schema });
  await migrate(db, { migrationsFolder });
  const close = (): Promise<void> => pool.end();
  return { db, driver: "pg", close, [Symbol.asyncDispose]: close };
}

function hideCredentials(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return "DATABASE_URL";
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
