import { afterAll, beforeAll, describe } from "vitest";
import { type OpenDatabase, openDatabase } from "../open.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";

export { type PostgresServer, startPostgres } from "./postgres.ts";
export { openTestDatabase, placeTestDatabase } from "./template.ts";

/** Describes the same behaviour over PGlite in memory and over a real PostgreSQL; `open` gives an empty database. */
export function forEachDatabase(title: string, tests: (open: () => Promise<OpenDatabase>) => void): void {
  describe(`${title} (PGlite)`, () => tests(() => openDatabase({})));

  describe(`${title} (PostgreSQL)`, () => {
    let server: PostgresServer | undefined;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());
    tests(async () => openDatabase({ url: await server?.createDatabase() }));
  });
}
