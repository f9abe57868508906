import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./release/bundle.ts";
import { writeCompanions } from "./release/companions.ts";
import { root } from "./workspace.ts";

/** Makes dist/: bin/<program>.mjs for each program, the database migrations, and package.json for what stays outside. */
const programs = { "muster-agent": "agent", "muster-control-plane": "control-plane", muster: "cli" } as const;
const dist = join(root, "dist");

const entries = Object.fromEntries(
  Object.entries(programs).map(([name, app]) => [name, join(root, "apps", app, "src/main.ts")]),
);
const missing = Object.values(entries).filter((path) => !existsSync(path));
if (missing.length > 0) {
  process.stderr.write(`nothing was built, for these are missing: ${missing.join(", ")}\n`);
  process.exitCode = 1;
} else {
  for (const file of await bundle(entries, join(dist, "bin"))) process.stdout.write(`${file}\n`);
  writeCompanions(dist);
  process.stdout.write(`${dist}: now run npm install --omit=dev in it, on a machine like the target\n`);
}
