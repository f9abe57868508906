import { builtinImports } from "./purity.ts";
import type { Source } from "./source.ts";

/** Everything that `entry` reaches within its package, by relative imports. */
export function reachable(entry: string, sources: readonly Source[]): Source[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Map<string, Source>();
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) return;
    reached.set(path, source);
    for (const { specifier } of source.imports) {
      if (specifier.startsWith(".")) visit(new URL(specifier, `file:///${path}`).pathname.slice(1));
    }
  };
  visit(entry);
  return [...reached.values()];
}

/** What keeps the files behind a browser-safe entry from running in a browser. */
export function browserViolations(entry: string, sources: readonly Source[]): string[] {
  return reachable(entry, sources).flatMap((source) => [
    ...builtinImports(source),
    ...source.imports
      .filter(({ specifier }) => specifier.startsWith("@grpc/"))
      .map(({ specifier, line }) => `${source.path}:${line}: imports ${specifier}`),
  ]);
}
