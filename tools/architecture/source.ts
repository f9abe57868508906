import { parseSync, Visitor } from "rolldown/utils";

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** One parsed TypeScript file. */
export interface Source {
  /** Relative to the root: `libs/core/src/units.ts`. */
  readonly path: string;
  /** The package's folder: `libs/core`. */
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly program: ReturnType<typeof parseSync>["program"];
  /** The lines with a comment, and the line after each: where an exception may be explained. */
  readonly explained: ReadonlySet<number>;
  /** The line of an offset in the text, from 1. */
  readonly lineAt: (offset: number) => number;
}

/** Parses a file; `path` starts with the package's folder. Throws on a syntax error. */
export function parseSource(folder: string, path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  const explained = new Set(comments.flatMap(({ end }) => [lineAt(end), lineAt(end) + 1]));
  return { path, folder, text, imports: importsOf(program, lineAt), program, explained, lineAt };
}

/** Static, dynamic and type imports, and re-exports. */
function importsOf(program: Source["program"], lineAt: Source["lineAt"]): Import[] {
  const found: Import[] = [];
  const add = (source: unknown, offset: number) => {
    if (isLiteral(source)) found.push({ specifier: source.value, line: lineAt(offset) });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.start),
    ExportAllDeclaration: (node) => add(node.source, node.start),
    ExportNamedDeclaration: (node) => add(node.source, node.start),
    ImportExpression: (node) => add(node.source, node.start),
    TSImportType: (node) => add(node.source, node.start),
  }).visit(program);
  return found;
}

function isLiteral(node: unknown): node is { value: string } {
  return typeof node === "object" && node !== null && "value" in node && typeof node.value === "string";
}

/** Tests and what is exported for tests only may do what production code may not. */
export function isTestCode(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.includes("/testing/") || path.includes("/test/");
}

export function isGenerated(path: string): boolean {
  return path.includes("/gen/");
}
