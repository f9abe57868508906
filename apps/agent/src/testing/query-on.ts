import pg from "pg";

/** Runs one statement on a connection of its own, in the database named, and gives its rows. */
export type Query = (sql: string, database?: string) => Promise<Record<string, unknown>[]>;

export function queryOn(connection: Pick<pg.ClientConfig, "host" | "port" | "user" | "password">): Query {
  return async (sql, database = "postgres") => {
    const client = new pg.Client({ ...connection, database });
    client.on("error", () => undefined); // tests cut connections; the statement that waits gets it too
    await client.connect();
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[]; // rows of any statement
    } finally {
      await client.end();
    }
  };
}
