import { cpSync, existsSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { differences } from "../check/differences.ts";
import { run } from "../process/run.ts";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { bin, root } from "../workspace.ts";

const database = join(root, "libs/database");
const configFile = join(database, "drizzle.config.ts");

/** The part of drizzle-kit's configuration that generation needs; paths are relative to libs/database. */
interface DrizzleConfig {
  readonly dialect: string;
  readonly schema: string;
  readonly out: string;
}

/** Writes the migration for what changed in the schema, if anything did; answers with drizzle-kit's last line. */
export async function generateMigrations(): Promise<string> {
  const config = await drizzleConfig();
  if (config === undefined) return "";
  const output = await generate(config, config.out);
  return `migrations: ${output.trim().split("\n").at(-1)?.trim()}\n`;
}

/** The files that a generation would write or change now; empty if every change has its migration. */
export async function missingMigrations(): Promise<string[]> {
  const config = await drizzleConfig();
  if (config === undefined) return [];
  const committed = join(database, config.out);
  return withTemporaryFolder("migrations", async (folder) => {
    if (existsSync(committed)) cpSync(committed, folder, { recursive: true });
    await generate(config, relative(database, folder));
    return differences(folder, committed);
  });
}

async function drizzleConfig(): Promise<DrizzleConfig | undefined> {
  if (!existsSync(configFile)) return undefined;
  const module: { default: DrizzleConfig } = await import(pathToFileURL(configFile).href);
  return module.default;
}

async function generate({ dialect, schema }: DrizzleConfig, out: string): Promise<string> {
  const args = ["generate", `--dialect=${dialect}`, `--schema=${schema}`, `--out=${out}`];
  const { code, output } = await run(bin("drizzle-kit"), args, { cwd: database, env: { NO_COLOR: "1" } });
  if (code !== 0) throw new Error(`drizzle-kit generate failed:\n${output}`);
  return output;
}
