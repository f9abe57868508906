import { mkdir } from "node:fs/promises";
import type { PGlite, PGliteOptions } from "@electric-sql/pglite";
import { asMusterError, MusterError } from "@muster/core";
import { lockFile } from "./lock.ts";
import type { OpenDatabase } from "./open.ts";
import * as schema from "./schema/index.ts";

/** PGlite in a directory of one process at a time, or in memory. Throws `data-in-use`, `database-unavailable`. */
export async function openPglite(directory: string | undefined, migrationsFolder: string): Promise<OpenDatabase> {
  if (directory === undefined) return open({}, migrationsFolder, () => undefined);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = lockFile(`${directory}.lock`);
  try {
    return await open({ dataDir: directory }, migrationsFolder, unlock);
  } catch (cause) {
    unlock();
    const message = `the database in ${directory} cannot be opened: ${asMusterError(cause).message}`;
    throw new MusterError("database-unavailable", message, {
      cause,
      hint: "Look whether its disk is full. If its files are damaged, move the folder aside and start anew: plans are applied again, and the catalog is rebuilt from the repositories.",
      retryable: false,
    });
  }
}

async function open(
  options: { readonly dataDir?: string },
  migrationsFolder: string,
  unlock: () => void,
): Promise<OpenDatabase> {
  const { database } = await openPgliteWith(options, migrationsFolder);
  const close = async (): Promise<void> => {
    await database.close();
    unlock();
  };
  return { ...database, close, [Symbol.asyncDispose]: close };
}

/** PGlite with these options, migrated, and its client; nothing keeps another process from its directory. */
export async function openPgliteWith(
  options: PGliteOptions,
  migrationsFolder: string,
): Promise<{ readonly client: PGlite; readonly database: OpenDatabase }> {
  const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("drizzle-orm/pglite"),
    import("drizzle-orm/pglite/migrator"),
  ]);
  const client = new PGlite(options);
  await client.waitReady;
  const db = drizzle({ client, schema });
  await migrate(db, { migrationsFolder });
  const close = async (): Promise<void> => {
    if (!client.closed) await client.close();
  };
  return { client, database: { db, driver: "pglite", close, [Symbol.asyncDispose]: close } };
}
