import type { Source } from "./source.ts";

/** Who may import whom: the table of DESIGN and of ARCHITECTURE.md. What is not a key may import any package. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  "libs/core": [],
  "libs/recovery": ["core"],
  "libs/object-store": ["core"],
  "libs/protocol": ["core"],
  "libs/repository": ["core", "object-store"],
  "libs/database": ["core", "recovery"],
  "apps/agent": ["core", "object-store", "repository", "protocol"],
  "apps/control-plane": ["core", "recovery", "database", "protocol", "object-store", "repository"],
  "apps/cli": ["core", "recovery", "protocol"],
  "apps/console": ["protocol", "recovery"],
};

/** The entries that a package may have besides its main one. */
const extraEntries: Readonly<Record<string, readonly string[]>> = {
  "libs/protocol": ["./grpc", "./testing"],
  "apps/agent": ["./main"],
  "apps/control-plane": ["./main"],
  "apps/cli": ["./main"],
  "apps/console": ["./main"],
};

/** Imports of Muster packages that the table does not allow, or that miss the public entries. */
export function tableViolations(
  source: Source,
  exportsOf: (name: string) => Readonly<Record<string, string>> | undefined,
): string[] {
  const allowed = importTable[source.folder];
  return source.imports.flatMap(({ specifier, line }) => {
    const match = /^@muster\/([^/]+)(\/.*)?$/.exec(specifier);
    if (match === null) return [];
    const [, name = "", rest = ""] = match;
    const where = `${source.path}:${line}`;
    if (allowed !== undefined && !allowed.includes(name)) return [`${where}: ${source.folder} may not import ${name}`];
    const entries = exportsOf(`@muster/${name}`);
    return entries !== undefined && `.${rest}` in entries ? [] : [`${where}: ${specifier} is not a public entry`];
  });
}

/** Relative imports that leave the package: packages are imported by name. */
export function escapeViolations(source: Source): string[] {
  return source.imports.flatMap(({ specifier, line }) => {
    if (!specifier.startsWith(".")) return [];
    const target = new URL(specifier, `file:///${source.path}`).pathname;
    if (target.startsWith(`/${source.folder}/`)) return [];
    return [`${source.path}:${line}: ${specifier} leaves ${source.folder}`];
  });
}

/** Entries of `exports` beyond the one public entry, ./testing, and the ones listed above. */
export function entryViolations(folder: string, entries: Readonly<Record<string, string>>): string[] {
  const allowed = [".", "./testing", "./package.json", ...(extraEntries[folder] ?? [])];
  return Object.keys(entries)
    .filter((entry) => !allowed.includes(entry))
    .map((entry) => `${folder}/package.json: the entry ${entry} is one too many`);
}
