import { z } from "zod";
import type { PlanPath, Remark } from "../lint/finding.ts";
import { suggestion } from "../lint/nearest.ts";

/** The issues of a failed parse as remarks in plain words, with the nearest valid key for an unknown one. */
export function schemaRemarks(schema: z.ZodType, error: z.ZodError, value: unknown): Remark[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(schema, path, key));
    const given = at(value, path);
    return [given === undefined ? missing(path) : wrong(path, plainMessage(issue), given)];
  });
}

function missing(path: PlanPath): Remark {
  const message = `"${path.at(-1) ?? "plan"}" is missing`;
  return { code: "schema", severity: "error", path, message, hint: "Add it." };
}

function wrong(path: PlanPath, problem: string, given: unknown): Remark {
  const message = `${path.join(".") || "the plan"}: ${problem}`;
  const list = problem.startsWith("expected array") && typeof given === "string";
  const hint = list ? `Write a list: [${given}].` : "Correct the value.";
  return { code: "schema", severity: "error", path, message, hint };
}

/** What zod says, without its preamble; of several ways to write a value, what the most telling one says. */
function plainMessage(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") {
    const inner = issue.errors.flat();
    const telling = inner.find(({ code }) => code === "custom") ?? inner.find(({ code }) => code !== "invalid_type");
    if (telling !== undefined) return plainMessage(telling);
    const expected = inner.flatMap((other) => (other.code === "invalid_type" ? [other.expected] : []));
    return expected.length === 0 ? "this value does not fit" : `expected ${[...new Set(expected)].join(" or ")}`;
  }
  if (issue.code === "invalid_key") return issue.issues.map(plainMessage).join("; ");
  const text = issue.message.replace(/^Invalid input: /, "");
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function unknownKey(schema: z.ZodType, path: PlanPath, key: string): Remark {
  const valid = keysAt(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), path);
  const message = `"${key}" is not a key that is known here`;
  return { code: "unknown-key", severity: "error", path: [...path, key], message, hint: suggestion(key, valid) };
}

/** The keys that an object at the path may have, read from the JSON Schema. */
function keysAt(schema: unknown, path: PlanPath): string[] {
  let node = schema;
  for (const part of path)
    node =
      property(property(node, "properties"), String(part)) ??
      property(node, "additionalProperties") ??
      property(node, "items");
  const properties = property(node, "properties");
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function at(value: unknown, path: PlanPath): unknown {
  return path.reduce<unknown>((node, part) => property(node, String(part)), value);
}
