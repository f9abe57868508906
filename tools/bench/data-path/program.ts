import { join } from "node:path";
import { dataProcess } from "@muster/core";
import { bundle } from "../../release/bundle.ts";
import { helpers } from "../../release/entries.ts";
import { root } from "../../workspace.ts";

/** Where the program is built, as in a release; within the workspace, so that it finds its native packages. */
const built = join(root, "node_modules/.cache/muster-bench");

const entries = {
  "muster-bench": join(root, "tools/bench/data-path/muster.ts"),
  "muster-pack-worker": helpers["muster-pack-worker"],
  "muster-restore-worker": helpers["muster-restore-worker"],
};

/** How the program is started: as the agent starts its jobs. */
export const program = {
  argv: [process.execPath, ...dataProcess.execArgv, join(built, "muster-bench.js")] as readonly string[],
  env: { BENCH_GRANT: join(built, "grant.json"), NODE_COMPILE_CACHE: join(built, "compiled"), ...dataProcess.env },
} as const;

export async function buildProgram(): Promise<void> {
  await bundle(entries, built, ".js");
}
