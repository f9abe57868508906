import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
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
export async function openDatabase(options: {
  url?: string | undefined;
  directory?: string | undefined;
}): Promise<OpenDatabase> {
  return options.url === undefined ? openPglite(options.directory) : openServer(options.url);
}
