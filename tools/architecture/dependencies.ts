import { isBuiltin } from "node:module";
import type { Manifest } from "../workspace.ts";
import { isTestCode, type Source } from "./source.ts";

/** What the root's package.json gives to every package's tests and tools. */
const fromTheRoot: ReadonlySet<string> = new Set(["vitest", "drizzle-kit"]);

/** The npm package of an import: `@a/b` of `@a/b/c`, `x` of `x/y`; undefined for files and Node's modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || isBuiltin(specifier)) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Imported packages that package.json does not declare, and declared ones that nothing imports. */
export function dependencyViolations(folder: string, manifest: Manifest, sources: readonly Source[]): string[] {
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
  const used = new Map<string, string>();
  for (const source of sources) {
    for (const { specifier, line } of source.imports) {
      const name = packageOf(specifier);
      if (name !== undefined && name !== manifest.name) used.set(name, `${source.path}:${line}`);
    }
  }
  const undeclared = [...used].filter(([name]) => !declared.has(name) && !fromTheRoot.has(name));
  const unused = [...declared].filter((name) => !used.has(name) && !name.startsWith("@types/"));
  return [
    ...undeclared.map(([name, where]) => `${where}: ${name} is not in ${folder}/package.json`),
    ...unused.map((name) => `${folder}/package.json: nothing imports ${name}`),
  ];
}

/** Imports of a package's ./testing entry, or of vitest, by production code. */
export function testingViolations(source: Source): string[] {
  if (isTestCode(source.path)) return [];
  return source.imports
    .filter(({ specifier }) => specifier === "vitest" || /^@muster\/[^/]+\/testing$/.test(specifier))
    .map(({ specifier, line }) => `${source.path}:${line}: production code imports ${specifier}`);
}
