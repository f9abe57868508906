import loadWabt from "wabt";
import { text } from "../workspace.ts";

/** A module of WebAssembly: its source in text form, and the TypeScript module that holds it compiled, as one constant. */
export interface WebAssemblyModule {
  readonly source: string;
  readonly generated: string;
  readonly constant: string;
}

export const webAssemblyModules: readonly WebAssemblyModule[] = [
  {
    source: "libs/repository/src/chunk/gear-scan.wat",
    generated: "libs/repository/src/chunk/gear-scan.generated.ts",
    constant: "gearScan",
  },
  {
    source: "libs/repository/src/pages/page-check.wat",
    generated: "libs/repository/src/pages/page-check.generated.ts",
    constant: "pageCheck",
  },
];

/** The text of the TypeScript module. Throws for a source that is not valid. */
export async function generatedWebAssembly({ source, constant }: WebAssemblyModule): Promise<string> {
  const name = source.replace(/.*\//, "");
  const wabt = await loadWabt();
  const parsed = wabt.parseWat(name, text(source), { simd: true });
  parsed.validate();
  const { buffer } = parsed.toBinary({});
  parsed.destroy();
  const lines =
    Buffer.from(buffer)
      .toString("base64")
      .match(/.{1,100}/g) ?? [];
  const value = lines.map((line) => `  "${line}"`).join(" +\n");
  return `// Generated from ${name} by npm run generate.\n\n/** WebAssembly, in base64. */\nexport const ${constant} =\n${value};\n`;
}
