import { chmodSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

/**
 * What cannot go into a bundle: native code, and PGlite, which loads its WebAssembly and data from
 * files beside it. dist/package.json names them, so that npm installs them beside the programs.
 */
export const outside = ["@napi-rs/blake-hash", "@electric-sql/pglite"] as const;

/** Bundles each entry into `<folder>/<name><extension>`, executable; answers with the files made. */
export async function bundle(
  entries: Readonly<Record<string, string>>,
  folder: string,
  extension: ".mjs" | ".js" = ".mjs",
): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: { ...entries },
    outdir: folder,
    outExtension: { ".js": extension },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: [...outside, ...outside.map((name) => `${name}/*`), "pg-native"],
    // CommonJS packages inside the bundle call require(), which an ES module does not have.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as musterRequire } from "node:module";\nconst require = musterRequire(import.meta.url);',
    },
    legalComments: "linked",
    metafile: true,
    logLevel: "warning",
  });
  const files = Object.keys(metafile.outputs).map((path) => resolve(path));
  const made = files.filter((path) => path.endsWith(extension));
  for (const path of made) chmodSync(path, 0o755);
  return made;
}
