import { isBuiltin } from "node:module";
import { Visitor } from "rolldown/utils";
import { isTestCode, type Source } from "./source.ts";

/** The one file that reads the time of day. */
const clockFile = "libs/core/src/clock.ts";

/** Reads of the ambient clock: time is an argument, or comes from a Clock. */
export function clockViolations(source: Source): string[] {
  if (source.path === clockFile || isTestCode(source.path)) return [];
  return ambientUses(source, ["Date.now", "new Date()", "Date()"]).map((use) => `${use}: take the time from a Clock`);
}

/** What makes code impure besides the clock: Node's modules, chance, the environment. */
export function impurities(source: Source): string[] {
  if (isTestCode(source.path)) return [];
  const modules = builtinImports(source).map((use) => `${use}: this package does no input or output`);
  const ambient = ambientUses(source, [
    "Math.random",
    "process.env",
    "performance.now",
    "crypto.randomUUID",
    "fetch()",
  ]);
  return [...modules, ...ambient.map((use) => `${use}: take it as an argument`)];
}

/** Imports of Node's own modules, which a browser does not have. */
export function builtinImports(source: Source): string[] {
  return source.imports
    .filter(({ specifier }) => isBuiltin(specifier))
    .map(({ specifier, line }) => `${source.path}:${line}: imports ${specifier}`);
}

/** The uses of some globals: `name.member`, `name()` for a call, `new Name()` for one without arguments. */
function ambientUses(source: Source, wanted: readonly string[]): string[] {
  const found: string[] = [];
  const note = (use: string, offset: number) => {
    if (wanted.includes(use)) found.push(`${source.path}:${source.lineAt(offset)}: ${use}`);
  };
  new Visitor({
    MemberExpression: (node) => note(`${nameOf(node.object)}.${nameOf(node.property)}`, node.start),
    CallExpression: (node) => note(`${nameOf(node.callee)}()`, node.start),
    NewExpression: (node) => {
      if (node.arguments.length === 0) note(`new ${nameOf(node.callee)}()`, node.start);
    },
  }).visit(source.program);
  return found;
}

function nameOf(node: object): string {
  if ("name" in node && typeof node.name === "string") return node.name;
  return "value" in node && typeof node.value === "string" ? node.value : "";
}
