import { MusterError } from "@muster/core";
import { sql } from "drizzle-orm";
import { withFirstMigrations } from "../migrations.ts";
import { type Database, openDatabaseWith, type Queryable } from "../open.ts";
import type { DumpHead } from "./dump.ts";
import { dumpedTables, rowsOf } from "./tables.ts";

/** Rows in one statement. */
const batch = 200;

/**
 * Fills an empty database from a dump, in one transaction, under the schema that the dump was made with; the next opening brings it up
 * to date. Throws `conflict` when there is data in it already, `version-mismatch` for the dump of a later version, and
 * `repository-corrupt` for one that is cut off; then nothing is stored.
 */
export async function loadDump(
  options: { readonly url?: string | undefined; readonly directory?: string | undefined },
  lines: AsyncIterable<string>,
): Promise<number> {
  const iterator = lines[Symbol.asyncIterator]();
  const head = headOf((await iterator.next()).value);
  return withFirstMigrations(head.migrations, async (folder) => {
    await using database = await openDatabaseWith(options, folder);
    await refuseData(database.db, options.directory);
    return await database.db.transaction((tx) => insertAll(tx, { [Symbol.asyncIterator]: () => iterator }));
  });
}

function headOf(line: unknown): DumpHead {
  const head = parse(line);
  if (head.format === "muster-control-plane" && typeof head.migrations === "number") {
    if (head.version === 1) return { format: head.format, version: 1, migrations: head.migrations };
    throw new MusterError("version-mismatch", `the dump is of version ${head.version}`, {
      hint: "Restore it with the version of Muster that made it.",
    });
  }
  throw damaged("it does not begin as a dump of a control plane");
}

async function refuseData(db: Database, directory: string | undefined): Promise<void> {
  for (const table of await dumpedTables(db)) {
    const found = await rowsOf(db, sql`select 1 from ${sql.identifier(table)} limit 1`);
    if (found.length === 0) continue;
    throw new MusterError("conflict", `the database ${directory ?? ""} is not empty: there are rows in ${table}`, {
      hint: "Name an empty database. If an earlier restore was cut off, drop that database and make it anew.",
    });
  }
}

async function insertAll(tx: Queryable, lines: AsyncIterable<string>): Promise<number> {
  let pending: { table: string; rows: unknown[] } = { table: "", rows: [] };
  let rows = 0;
  for await (const line of lines) {
    const { table, row, rows: total } = parse(line);
    if (typeof total === "number") {
      await insert(tx, pending);
      if (total !== rows) throw damaged(`it has ${rows} rows, not ${total}`);
      await advanceIdentities(tx);
      return rows;
    }
    if (typeof table !== "string") throw damaged("a line is not a row");
    if (table !== pending.table || pending.rows.length === batch) {
      await insert(tx, pending);
      pending = { table, rows: [] };
    }
    pending.rows.push(row);
    rows += 1;
  }
  throw damaged("its end is missing");
}

async function insert(tx: Queryable, { table, rows }: { table: string; rows: readonly unknown[] }): Promise<void> {
  if (rows.length === 0) return;
  const named = sql.identifier(table);
  await tx.execute(
    sql`insert into ${named} overriding system value select * from jsonb_populate_recordset(null::${named}, ${JSON.stringify(rows)}::jsonb)`,
  );
}

/** The next number of every generated column comes after the highest that was loaded. */
async function advanceIdentities(tx: Queryable): Promise<void> {
  const columns = await rowsOf(
    tx,
    sql`select table_name as t, column_name as c from information_schema.columns where table_schema = 'public' and is_identity = 'YES'`,
  );
  for (const { t, c } of columns) {
    const [table, column] = [String(t), String(c)];
    const highest = sql`select coalesce(max(${sql.identifier(column)}), 0) + 1 from ${sql.identifier(table)}`;
    await tx.execute(sql`select setval(pg_get_serial_sequence(${table}, ${column}), (${highest}), false)`);
  }
}

function parse(line: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(String(line));
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>; // checked
  } catch {
    // said below, like any other wrong line
  }
  throw damaged("a line is not JSON");
}

function damaged(how: string): MusterError {
  return new MusterError("repository-corrupt", `the dump of the control plane's database is damaged: ${how}`);
}
