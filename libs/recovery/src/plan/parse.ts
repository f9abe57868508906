import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { type Finding, type Locate, type PlanPath, placed, type Remark } from "../lint/finding.ts";
import { bySeverity, lintPlan } from "../lint/lint.ts";
import { type Plan, planSchema } from "./schema.ts";
import { schemaRemarks } from "./schema-remarks.ts";

export interface PlanFile {
  readonly name: string;
  readonly text: string;
}

export interface ParsedPlan {
  /** Undefined when the file cannot be understood; findings say why. */
  readonly plan?: Plan | undefined;
  readonly findings: Finding[];
}

const maxBytes = 2_000_000;
const maxDepth = 40;

/**
 * Reads a plan from YAML: syntax, schema, references and rules, all with their places. Several files are merged by their
 * top-level keys. Never throws for bad input: whatever is wrong is a finding.
 */
export function parsePlan(files: PlanFile | readonly PlanFile[]): ParsedPlan {
  const list = Array.isArray(files) ? (files as readonly PlanFile[]) : [files as PlanFile]; // isArray does not narrow readonly arrays
  const sources = list.map(readFile);
  const broken = sources.flatMap((source) => source.findings);
  if (broken.some((finding) => finding.severity === "error")) return { findings: broken };
  const merged = merge(sources);
  const locate: Locate = (path) => {
    for (const source of sources) {
      const place = source.locate(path);
      if (place !== undefined) return place;
    }
    return undefined;
  };
  const problems = [...merged.remarks];
  const parsed = planSchema.safeParse(merged.value);
  if (!parsed.success) problems.push(...schemaRemarks(planSchema, parsed.error, merged.value));
  if (problems.length > 0 || !parsed.success)
    return { findings: problems.map((remark) => placed(remark, locate)).sort(bySeverity) };
  return { plan: parsed.data, findings: lintPlan(parsed.data, locate) };
}

interface ReadFile {
  readonly value: unknown;
  readonly findings: Finding[];
  readonly locate: Locate;
  readonly name: string;
}

function readFile(file: PlanFile): ReadFile {
  const lines = new LineCounter();
  const failed = (message: string, hint: string, offset = 0): ReadFile => {
    const { line, col } = lines.linePos(offset);
    const finding: Finding = {
      code: "yaml",
      severity: "error",
      message,
      hint,
      file: file.name,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
    };
    return { value: undefined, findings: [finding], locate: () => undefined, name: file.name };
  };
  if (file.text.length > maxBytes)
    return failed(`the file is larger than ${maxBytes} bytes`, "Split the plan into several files.");
  try {
    const document = parseDocument(file.text, {
      lineCounter: lines,
      schema: "core",
      strict: true,
      uniqueKeys: true,
      merge: false,
    });
    const [error] = document.errors;
    if (error !== undefined) return failed(firstLine(error.message), "Correct the YAML.", error.pos[0]);
    const offence = forbidden(document);
    if (offence !== undefined) return failed(offence.message, "Write the value out.", offence.offset);
    return {
      value: document.toJS({ maxAliasCount: 0 }),
      findings: [],
      locate: locator(document, lines, file.name),
      name: file.name,
    };
  } catch (thrown) {
    return failed(
      `the file cannot be read as YAML: ${firstLine(thrown instanceof Error ? thrown.message : String(thrown))}`,
      "Correct the YAML.",
    );
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? text;
}

/** Aliases, tags of one's own and deep nesting have no use in a plan, and each has been used to attack a parser. */
function forbidden(document: Document): { message: string; offset: number } | undefined {
  let found: { message: string; offset: number } | undefined;
  visit(document, {
    Alias: (_, node) => {
      found ??= { message: "aliases are not allowed in a plan", offset: node.range?.[0] ?? 0 };
      return visit.BREAK;
    },
    Node: (_, node, path) => {
      const offset = node.range?.[0] ?? 0;
      if (path.length > maxDepth * 2)
        found ??= { message: `the plan is nested deeper than ${maxDepth} levels`, offset };
      else if (node.tag !== undefined && !node.tag.startsWith("tag:yaml.org,2002:"))
        found ??= { message: `the tag ${node.tag} is not allowed`, offset };
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
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

/** Maps of the same top-level key are joined; anything else that comes twice is an error. */
function merge(sources: readonly ReadFile[]): { value: unknown; remarks: Remark[] } {
  const [only] = sources;
  if (sources.length === 1) return { value: only?.value ?? {}, remarks: [] };
  const value: Record<string, unknown> = {};
  const remarks: Remark[] = [];
  for (const source of sources) {
    for (const [key, part] of Object.entries((source.value ?? {}) as Record<string, unknown>)) {
      const before = value[key];
      if (before === undefined) value[key] = part;
      else if (isRecord(before) && isRecord(part) && Object.keys(part).every((name) => !(name in before)))
        value[key] = { ...before, ...part };
      else remarks.push(twice(key, source.name));
    }
  }
  return { value, remarks };
}

function twice(key: string, file: string): Remark {
  return {
    code: "schema",
    severity: "error",
    path: [key],
    message: `"${key}" is given again in ${file}`,
    hint: "Keep it in one of the files.",
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
