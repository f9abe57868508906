import { readFileSync } from "node:fs";
import { MusterError, systemErrorCode } from "@muster/core";
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { keysAt, nearest } from "./keys.ts";
import { type AgentConfig, agentConfigSchema } from "./schema.ts";
import { readSecrets, type Secrets } from "./secrets.ts";

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** By `sources.NAME` and `probes.NAME`. */
  readonly secrets: ReadonlyMap<string, Secrets>;
}

/** An agent.yaml with a way to say where in it something stands. */
interface Positioned {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/**
 * Reads agent.yaml and the secrets that it names. Throws `config-invalid` with every mistake, each with file, line, column
 * and key, or `secret-missing`.
 */
export function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const source = parse(file, readText(file));
  const value: unknown = source.document.toJS() ?? {};
  const parsed = agentConfigSchema.safeParse(value);
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap((issue) => describe(source, value, issue)));
  const secrets = new Map<string, Secrets>();
  for (const section of ["sources", "probes"] as const) {
    for (const [name, entry] of Object.entries(parsed.data[section])) {
      const found = readSecrets(entry, env, (key) => at(source, [section, name, key]));
      secrets.set(`${section}.${name}`, found);
    }
  }
  return { config: parsed.data, secrets };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = systemErrorCode(cause) === "ENOENT" ? "there is no such file" : String(cause);
    throw new MusterError("config-invalid", `${file}: ${reason}`, { cause, hint: "Name it with --config FILE." });
  }
}

function parse(file: string, text: string): Positioned {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: "core", prettyErrors: false });
  if (document.errors.length > 0) {
    throw invalid(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return `${file}:${line}:${col}: ${error.message}`;
      }),
    );
  }
  return { file, document, lines };
}

function invalid(problems: string[]): MusterError {
  return new MusterError("config-invalid", problems.join("\n"), { details: { problems } });
}

function describe(source: Positioned, value: unknown, issue: z.core.$ZodIssue): string[] {
  const path = issue.path;
  if (issue.code !== "unrecognized_keys") return [`${at(source, path)}: ${issue.message}`];
  const allowed = keysAt(agentConfigSchema, path, value);
  return issue.keys.map((key) => {
    const guess = nearest(key, allowed);
    const advice = guess === undefined ? `allowed here: ${allowed.join(", ")}` : `did you mean "${guess}"?`;
    return `${at(source, [...path, key])}: unknown key; ${advice}`;
  });
}

/** `file:line:column: key.path` of the key, or of the nearest thing above that is there. */
function at({ file, document, lines }: Positioned, path: readonly PropertyKey[]): string {
  const { line, col } = lines.linePos(offsetOf(document, path));
  return `${file}:${line}:${col}: ${path.map(String).join(".") || "the file"}`;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (!isMap(node)) {
      node = document.getIn(path.slice(0, path.indexOf(key) + 1), true);
    } else {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(key));
      if (pair === undefined) return offset;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    }
    if (isNode(node) && !isMap(node) && key === path.at(-1) && typeof key === "number")
      offset = node.range?.[0] ?? offset;
  }
  return offset;
}
