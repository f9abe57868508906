import { delimiter } from "node:path";
import { run } from "../process/run.ts";
import { bin, root } from "../workspace.ts";

/** Where the TypeScript of the wire contract goes, relative to the root (as in buf.gen.yaml). */
export const protocolFolder = "libs/protocol/src/gen";

// buf looks for the plugin (protoc-gen-es) on the PATH.
const env = { PATH: `${bin("")}${delimiter}${process.env.PATH ?? ""}` };

/** Generates the TypeScript of proto/ below `folder`. Throws with buf's output if it fails. */
export async function generateProtocol(folder: string): Promise<void> {
  const { code, output } = await run(bin("buf"), ["generate", "--clean", "--output", folder], { cwd: root, env });
  if (code !== 0) throw new Error(`buf generate failed:\n${output}`);
}

/** What buf's lint says about proto/; empty if it is content. */
export async function lintProtocol(): Promise<string> {
  const { code, output } = await run(bin("buf"), ["lint"], { cwd: root, env });
  return code === 0 ? "" : `buf lint:\n${output}`;
}
