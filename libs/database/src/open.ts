import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import { migrationsFolder } from "./migrations.ts";
import { openPglite } from "./pglite.ts";
import type * as schema from "./schema/index.ts";
import { openServer } from "./server.ts";

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

/**
 * Opens the control plane's database and brings its schema up to date.
 * With `url` (postgres://…) it is a PostgreSQL server, otherwise PGlite in `directory` (undefined: in memory).
 * Throws `database-unavailable`, and `data-in-use` when another process has the directory.
 */
export async function openDatabase(options: DatabasePlace): Promise<OpenDatabase> {
  return openDatabaseWith(options, migrationsFolder);
}

export interface DatabasePlace {
  readonly url?: string | undefined;
  readonly directory?: string | undefined;
}

/** The same, with the migrations of that folder only. */
export async function openDatabaseWith({ url, directory }: DatabasePlace, migrations: string): Promise<OpenDatabase> {
  return url === undefined ? openPglite(directory, migrations) : openServer(url, migrations);
}
