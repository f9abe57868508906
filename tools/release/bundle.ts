import { chmodSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

/**
 * What cannot go into a bundle: native code, and PGlite, which loads its WebAssembly and data from
 * files beside it. dist/package.json names them, so that npm installs them beside the programs.
 */
export const outside = ["@napi-rs/blake-hash", "@electric-sql/pglite"] as const;

/** pg's optional native driver, which Muster does not use. */
const unused = ["pg-native"];

/**
 * Bundles each entry into `<folder>/<name><extension>`, executable, with the chunks that it loads when it needs them beside it;
 * answers with all files made. Small, and loaded in parts, because what a process has read of its program stays in its memory:
 * an idle agent takes 73 MB so, and 95 MB as one file that is not minified.
 */
export async function bundle(
  entries: Readonly<Record<string, string>>,
  folder: string,
  extension: ".mjs" | ".js" = ".mjs",
): Promise<string[]> {
  const external = [...outside, ...unused];
  const build = await rolldown({
    input: { ...entries },
    platform: "node",
    external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
    logLevel: "warn",
  });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    entryFileNames: `[name]${extension}`,
    chunkFileNames: `[name]-[hash]${extension}`,
    banner: ({ isEntry }) => (isEntry ? "#!/usr/bin/env node" : ""),
    minify: true,
  });
  await build.close();
  for (const part of output) if (part.type === "chunk" && part.isEntry) chmodSync(join(folder, part.fileName), 0o755);
  return output.map(({ fileName }) => join(folder, fileName));
}
