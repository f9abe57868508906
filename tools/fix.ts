import { run } from "./process/run.ts";
import { bin, root } from "./workspace.ts";

const { code } = await run(bin("biome"), ["check", "--write", ...process.argv.slice(2)], { cwd: root, show: true });
process.exitCode = code;
