import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrationsFolder } from "../migrations.ts";
import { type OpenDatabase, openDatabase } from "../open.ts";
import { openPgliteWith } from "../pglite.ts";

/** Names the folder of the template for the processes of one test run. */
const variable = "MUSTER_TEST_DATABASE_TEMPLATE";
const directoryIn = (template: string): string => join(template, "database");
const imageIn = (template: string): string => join(template, "image.tar");

/**
 * Vitest's global set-up: makes an empty, migrated PGlite once for all test files, because to make one takes seconds of work and to
 * copy it a fraction of one. Returns what removes it.
 */
export default async function makeTemplate(): Promise<() => Promise<void>> {
  if (process.env[variable] !== undefined) return async () => undefined; // another project's set-up made it
  const template = await mkdtemp(join(tmpdir(), "muster-database-template-"));
  const { client, database } = await openPgliteWith({ dataDir: directoryIn(template) }, migrationsFolder);
  const image = await client.dumpDataDir("none");
  await writeFile(imageIn(template), Buffer.from(await image.arrayBuffer()));
  await database.close();
  process.env[variable] = template;
  return async () => {
    delete process.env[variable];
    await rm(template, { recursive: true, force: true });
  };
}

/** An empty database in memory, as `openDatabase({})` gives it, but from the run's template where there is one. */
export async function openTestDatabase(): Promise<OpenDatabase> {
  const template = process.env[variable];
  if (template === undefined) return openDatabase({});
  const loadDataDir = new Blob([await readFile(imageIn(template))]);
  return (await openPgliteWith({ loadDataDir }, migrationsFolder)).database;
}

/** Puts an empty, migrated database where a control plane will open its own; does nothing without a template. */
export async function placeTestDatabase(directory: string): Promise<void> {
  const template = process.env[variable];
  if (template === undefined) return;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await cp(directoryIn(template), directory, { recursive: true });
}
