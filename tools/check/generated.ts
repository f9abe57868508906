import { generatedErrorsPage } from "../generate/errors-page.ts";
import { missingMigrations } from "../generate/migrations.ts";
import { generateProtocol, lintProtocol, protocolFolder } from "../generate/protocol.ts";
import { generatedWebAssembly, webAssemblyModules } from "../generate/web-assembly.ts";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { root, text } from "../workspace.ts";
import { differences } from "./differences.ts";
import type { Finding } from "./report.ts";

const advice = "Run npm run generate, and commit what it writes.";

/** The wire contract passes buf's lint, and the TypeScript made from it is up to date. */
export async function checkProtocol(): Promise<Finding> {
  const lint = await lintProtocol();
  if (lint !== "") return { passed: false, details: lint };
  return withTemporaryFolder("protocol", async (folder) => {
    await generateProtocol(folder);
    const found = differences(`${folder}/${protocolFolder}`, `${root}/${protocolFolder}`);
    return { passed: found.length === 0, details: `In ${protocolFolder}:\n${found.join("\n")}\n${advice}` };
  });
}

/** Every change of the database schema has its migration. */
export async function checkMigrations(): Promise<Finding> {
  const missing = await missingMigrations();
  return {
    passed: missing.length === 0,
    details: `The database schema changed without a migration; these would be written:\n${missing.join("\n")}\n${advice}`,
  };
}

/** The page of the error codes equals the registry. */
export async function checkErrorsPage(): Promise<Finding> {
  const passed = text("docs/errors.md") === generatedErrorsPage();
  return { passed, details: `docs/errors.md differs from the registry in libs/core/src/errors. ${advice}` };
}

/** Each module of WebAssembly is that of its source. */
export async function checkWebAssembly(): Promise<Finding> {
  const stale: string[] = [];
  for (const module of webAssemblyModules) {
    if (text(module.generated) !== (await generatedWebAssembly(module))) stale.push(module.generated);
  }
  return { passed: stale.length === 0, details: `Not what their .wat files give: ${stale.join(", ")}. ${advice}` };
}
