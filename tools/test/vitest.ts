import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../process/run.ts";
import { withTemporaryFolder } from "../process/temporary-folder.ts";
import { packages, root } from "../workspace.ts";
import type { Part } from "./summary.ts";
import { partsOf, type VitestReport } from "./vitest-report.ts";

/** Runs vitest with its usual output, and counts from its JSON report. */
export function runVitest(args: readonly string[]): Promise<Part[]> {
  return withTemporaryFolder("test", async (folder) => {
    const file = join(folder, "report.json");
    // The tests start hundreds of Node processes; what the first one has compiled, the others read.
    const env = { NODE_COMPILE_CACHE: join(folder, "compiled") };
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { code } = await run(process.execPath, [vitest, "run", ...reporters, ...args], {
      cwd: root,
      env,
      show: true,
    });
    const folders = packages().map((entry) => entry.folder);
    return partsOf(existsSync(file) ? parse(file) : undefined, code, (path) =>
      folders.find((prefix) => path.startsWith(join(root, prefix, "/"))),
    );
  });
}

/** A report that was cut off (vitest killed, disk full) is none. */
function parse(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
