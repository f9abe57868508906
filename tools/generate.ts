import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedErrorsPage } from "./generate/errors-page.ts";
import { gearScanModule, generatedGearScan } from "./generate/gear-scan.ts";
import { generateMigrations } from "./generate/migrations.ts";
import { generateProtocol, protocolFolder } from "./generate/protocol.ts";
import { root } from "./workspace.ts";

await generateProtocol(root);
process.stdout.write(`${protocolFolder}: generated\n`);
process.stdout.write(await generateMigrations());
writeFileSync(join(root, "docs/errors.md"), generatedErrorsPage());
process.stdout.write("docs/errors.md: generated\n");
writeFileSync(join(root, gearScanModule), await generatedGearScan());
process.stdout.write(`${gearScanModule}: generated\n`);
