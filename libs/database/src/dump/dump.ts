import { sql } from "drizzle-orm";
import type { Database } from "../open.ts";
import { appliedMigrations, dumpedTables, rowsOf } from "./tables.ts";

/** Rows that are read at a time. */
const batch = 500;

export interface DumpHead {
  readonly format: "muster-control-plane";
  readonly version: 1;
  /** How many migrations the database had. */
  readonly migrations: number;
}

/**
 * Writes every table as lines of JSON, all of one moment: a head, `{"table", "row"}` for each row, and a last line with their number,
 * by which a reader knows that the dump is whole. The same lines come from PGlite and from PostgreSQL. Gives the number of rows.
 */
export async function dumpDatabase(db: Database, write: (line: string) => Promise<void>): Promise<number> {
  return db.transaction(
    async (tx) => {
      const head: DumpHead = { format: "muster-control-plane", version: 1, migrations: await appliedMigrations(tx) };
      await write(JSON.stringify(head));
      let rows = 0;
      for (const table of await dumpedTables(tx)) {
        const named = sql.identifier(table);
        await tx.execute(sql`declare dump no scroll cursor for select to_jsonb(t)::text as row from ${named} t`);
        for (;;) {
          const fetched = await rowsOf(tx, sql.raw(`fetch ${batch} from dump`));
          for (const { row } of fetched) await write(`{"table":${JSON.stringify(table)},"row":${String(row)}}`);
          rows += fetched.length;
          if (fetched.length < batch) break;
        }
        await tx.execute(sql`close dump`);
      }
      await write(JSON.stringify({ rows }));
      return rows;
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}
