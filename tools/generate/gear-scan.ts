import loadWabt from "wabt";
import { text } from "../workspace.ts";

export const gearScanModule = "libs/repository/src/chunk/gear-scan.generated.ts";

/** The TypeScript module that holds the WebAssembly of the chunker's inner loop. */
export async function generatedGearScan(): Promise<string> {
  const wabt = await loadWabt();
  const parsed = wabt.parseWat("gear-scan.wat", text("libs/repository/src/chunk/gear-scan.wat"));
  parsed.validate();
  const { buffer } = parsed.toBinary({});
  parsed.destroy();
  const lines =
    Buffer.from(buffer)
      .toString("base64")
      .match(/.{1,100}/g) ?? [];
  const value = lines.map((line) => `  "${line}"`).join(" +\n");
  return `// Generated from gear-scan.wat by npm run generate.\n\n/** WebAssembly, in base64. */\nexport const gearScan =\n${value};\n`;
}
