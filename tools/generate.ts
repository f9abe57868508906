import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedErrorsPage } from "./generate/errors-page.ts";
import { generateMigrations } from "./generate/migrations.ts";
import { generateProtocol, protocolFolder } from "./generate/protocol.ts";
import { generatedWebAssembly, webAssemblyModules } from "./generate/web-assembly.ts";
import { root } from "./workspace.ts";

await generateProtocol(root);
process.stdout.write(`${protocolFolder}: generated\n`);
process.stdout.write(await generateMigrations());
writeFileSync(join(root, "docs/errors.md"), generatedErrorsPage());
process.stdout.write("docs/errors.md: generated\n");
for (const module of webAssemblyModules) {
  writeFileSync(join(root, module.generated), await generatedWebAssembly(module));
  process.stdout.write(`${module.generated}: generated\n`);
}
