import { globSync } from "node:fs";
import { basename } from "node:path";
import { run } from "./process/run.ts";
import { root } from "./workspace.ts";

/** Runs tools/bench/*.ts one after another; arguments choose by name: `npm run bench -- data-path`. */
const wanted = process.argv.slice(2);
const all = globSync("tools/bench/*.ts", { cwd: root, exclude: ["**/*.test.ts"] }).sort();
const chosen = all.filter((path) => wanted.length === 0 || wanted.includes(basename(path, ".ts")));

if (chosen.length === 0) {
  const names = all.map((path) => basename(path, ".ts")).join(", ");
  process.stderr.write(`no such benchmark: ${wanted.join(", ") || "there is none"}. There are: ${names || "none"}\n`);
  process.exitCode = 2;
}
for (const path of chosen) {
  process.stdout.write(`── ${basename(path, ".ts")} ──\n`);
  const { code } = await run(process.execPath, [path], { cwd: root, show: true });
  if (code !== 0) process.exitCode = 1;
}
