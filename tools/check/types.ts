import { join } from "node:path";
import { run } from "../process/run.ts";
import { bin, type Package, packages, root } from "../workspace.ts";
import type { Finding } from "./report.ts";

/** nx without its background process, its cloud and its terminal interface. */
const nxEnvironment = { NX_DAEMON: "false", NX_NO_CLOUD: "true", NX_TUI: "false", NO_COLOR: "1", FORCE_COLOR: "0" };

/** The types of every package, through nx, which skips what has not changed. */
export async function checkTypes(): Promise<Finding> {
  const withSource = packages();
  const names = withSource.map((entry) => entry.manifest.name).join(",");
  const { code, output } = await run(
    bin("nx"),
    ["run-many", "--targets=typecheck", `--projects=${names}`, "--parallel=2", "--output-style=stream"],
    { cwd: root, env: nxEnvironment },
  );
  if (code === 0 || nxStarted(output)) return { passed: code === 0, details: output };
  process.stderr.write(`nx did not start, so tsc checks each package without a cache. nx said:\n${output}\n`);
  return checkWithoutNx(withSource);
}

/** nx announces the target in its summary, whether the tasks passed or failed. */
export function nxStarted(output: string): boolean {
  return /(Running|ran) target typecheck/.test(output);
}

async function checkWithoutNx(withSource: readonly Package[]): Promise<Finding> {
  const failures: string[] = [];
  for (const { folder } of withSource) {
    const { code, output } = await run(bin("tsc"), ["--noEmit", "-p", join(folder, "tsconfig.json")], { cwd: root });
    if (code !== 0) failures.push(output);
  }
  return { passed: failures.length === 0, details: failures.join("\n") };
}
