import { readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/*
 * Makes the links between the libraries of a PostgreSQL package, which npm packages cannot hold: its own script would, but install
 * scripts are off. Arguments: the folders of the packages. Written for any Node.js, as the set-up runs before the pinned one.
 */
for (const folder of process.argv.slice(2)) {
  for (const { source, target } of JSON.parse(readFileSync(join(folder, "native/pg-symlinks.json"), "utf8"))) {
    symlinkSync(relative(dirname(target), source), join(folder, target));
  }
}
