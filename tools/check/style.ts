import { run } from "../process/run.ts";
import { bin, root } from "../workspace.ts";
import type { Finding } from "./report.ts";

/** Lint and format, by Biome; warnings are shown when something fails. */
export async function checkStyle(): Promise<Finding> {
  const { code, output } = await run(bin("biome"), ["check", "--error-on-warnings", "--max-diagnostics=50"], {
    cwd: root,
  });
  return { passed: code === 0, details: `${output}\nMuch of this is mended by: npm run fix` };
}
