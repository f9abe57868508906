import { generatedErrorsPage } from "../generate/errors-page.ts";
import { gearScanModule, generatedGearScan } from "../generate/gear-scan.ts";
import { missingMigrations } from "../generate/migrations.ts";
import { generateProtocol, lintProtocol, protocolFolder } from "../generate/protocol.ts";
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

/** The chunker's WebAssembly is that of its source. */
export async function checkGearScan(): Promise<Finding> {
  const passed = text(gearScanModule) === (await generatedGearScan());
  return { passed, details: `${gearScanModule} differs from gear-scan.wat. ${advice}` };
}
