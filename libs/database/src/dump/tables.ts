import { sql } from "drizzle-orm";
import type { Queryable } from "../open.ts";

/** Rows of a statement; both drivers answer with them under `rows`. */
export async function rowsOf(db: Pick<Queryable, "execute">, statement: ReturnType<typeof sql>): Promise<Row[]> {
  const answer: unknown = await db.execute(statement);
  if (typeof answer === "object" && answer !== null && "rows" in answer && Array.isArray(answer.rows))
    return answer.rows;
  throw new TypeError("the database driver answered without rows");
}

export type Row = Readonly<Record<string, unknown>>;

/** What says nothing after a restore: leases of processes that are gone, and answers to requests of the last day. */
const passing: readonly string[] = ["replicas", "idempotency_keys"];

/** The tables that a dump holds, by name. */
export async function dumpedTables(db: Pick<Queryable, "execute">): Promise<string[]> {
  const rows = await rowsOf(
    db,
    sql`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  );
  return rows.map(({ name }) => String(name)).filter((name) => !passing.includes(name));
}

/** How many migrations have been applied. */
export async function appliedMigrations(db: Pick<Queryable, "execute">): Promise<number> {
  const [row] = await rowsOf(db, sql`select count(*)::int as n from drizzle.__drizzle_migrations`);
  return Number(row?.n);
}
