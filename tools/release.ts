import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./release/bundle.ts";
import { writeCompanions } from "./release/companions.ts";
import { helpers, programs } from "./release/entries.ts";
import { root } from "./workspace.ts";

/** Makes dist/: bin/ with each program and what it starts, the database migrations, and package.json for what stays outside. */
const dist = join(root, "dist");
const missing = [...Object.values(programs), ...Object.values(helpers)].filter((path) => !existsSync(path));
if (missing.length > 0) {
  process.stderr.write(`nothing was built, for these are missing: ${missing.join(", ")}\n`);
  process.exitCode = 1;
} else {
  const bin = join(dist, "bin");
  const made = [...(await bundle(programs, bin)), ...(await bundle(helpers, bin, ".js"))];
  for (const file of made) process.stdout.write(`${file}\n`);
  writeCompanions(dist);
  process.stdout.write(`${dist}: now run npm install --omit=dev in it, on a machine like the target\n`);
}
