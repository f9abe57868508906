import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";
import type { Finding, Locate, PlanPath } from "../lint/finding.ts";

export interface PlanFile {
  readonly name: string;
  readonly text: string;
}

/** A file as YAML gives it, with a way to find places in it; findings say why it could not be read. */
export interface ReadFile {
  readonly name: string;
  readonly value: unknown;
  readonly findings: Finding[];
  readonly locate: Locate;
}

const maxCharacters = 2_000_000;
const maxDepth = 40;
const maxFindings = 20;

/** What is wrong, and the offset in the text where it is. */
interface Offence {
  readonly message: string;
  readonly offset: number;
  readonly hint?: string;
}

/** Reads YAML of the core schema. Never throws for bad input. */
export function readFile(file: PlanFile): ReadFile {
  if (file.text.length > maxCharacters) {
    const message = `the file is longer than ${maxCharacters} characters`;
    return unreadable(file, [{ message, offset: 0, hint: "Split the plan into several files." }]);
  }
  try {
    return readDocument(file);
  } catch (thrown) {
    const why = thrown instanceof RangeError ? "it is nested too deeply" : reason(thrown);
    return unreadable(file, [{ message: `the file cannot be read as YAML: ${why}`, offset: 0 }]);
  }
}

function readDocument(file: PlanFile): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, schema: "core", strict: true, uniqueKeys: true });
  const offences = document.errors.length > 0 ? document.errors.map(syntaxError) : forbidden(document);
  if (offences.length > 0) return unreadable(file, offences, lines);
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  return { name: file.name, value, findings: [], locate: locator(document, lines, file.name) };
}

function syntaxError({ code, message, pos }: YAMLParseError): Offence {
  const [offset] = pos;
  // The library reports an exhausted stack as one syntax error of many.
  if (/call stack|stack overflow/i.test(message)) throw new RangeError(message);
  if (code === "MULTIPLE_DOCS")
    return { message: "the file holds several documents", offset, hint: "Write one document per file." };
  if (code === "DUPLICATE_KEY") return { message: "this key is given twice", offset, hint: "Keep one of the two." };
  return { message: firstLine(message), offset };
}

function unreadable(file: PlanFile, offences: readonly Offence[], lines = new LineCounter()): ReadFile {
  const first = offences.filter(
    ({ offset }, index) => offences.findIndex((other) => other.offset === offset) === index,
  );
  const findings = first.slice(0, maxFindings).map(({ message, offset, hint = "Correct the YAML." }): Finding => {
    const { line, col } = lines.linePos(offset);
    return {
      code: "yaml",
      severity: "error",
      message,
      hint,
      file: file.name,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
    };
  });
  return { name: file.name, value: undefined, findings, locate: () => undefined };
}

function reason(thrown: unknown): string {
  return firstLine(thrown instanceof Error ? thrown.message : String(thrown));
}

function firstLine(text: string): string {
  return text.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? text;
}

/** Aliases, tags of one's own and deep nesting have no use in a plan, and each has been used to attack a parser. */
function forbidden(document: Document): Offence[] {
  const found: Offence[] = [];
  const { contents } = document;
  if (isNode(contents) && !isMap(contents) && !isEmpty(contents))
    return [{ message: "a plan consists of keys and values", offset: 0, hint: "Begin it with version: 1" }];
  const stop = (message: string, offset = 0): symbol => {
    found.push({ message, offset, hint: "Write the value out." });
    return visit.BREAK;
  };
  visit(document, {
    Alias: (_, node) => stop("aliases are not allowed in a plan", node.range?.[0]),
    Node: (_, node, path) => {
      if (path.length > maxDepth * 2) return stop(`the plan is nested deeper than ${maxDepth} levels`, node.range?.[0]);
      const own = node.tag !== undefined && !node.tag.startsWith("tag:yaml.org,2002:");
      return own ? stop(`the tag ${node.tag} is not allowed`, node.range?.[0]) : undefined;
    },
  });
  return found;
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

/** Finds the key (not the value) that a path ends in. */
function locator(document: Document, lines: LineCounter, file: string): Locate {
  return (path: PlanPath) => {
    const parent = path.length === 0 ? document.contents : document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last)
      : undefined;
    const node = path.length === 0 ? parent : isPair(pair) ? pair.key : document.getIn(path, true);
    if (!isNode(node) || node.range == null) return undefined;
    const { line, col } = lines.linePos(node.range[0]);
    return { file, line, column: col };
  };
}
