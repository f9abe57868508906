import { z } from "zod";
import type { PlanPath, Remark } from "../lint/finding.ts";
import { suggestion } from "../lint/nearest.ts";

/** The issues of a failed parse as remarks in plain words, with the nearest valid key for an unknown one. */
export function schemaRemarks(schema: z.ZodType, error: z.ZodError, value: unknown): Remark[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(schema, path, key));
    const missing = issue.code === "invalid_type" && at(value, path) === undefined;
    const name = path.join(".") || "the plan";
    const message = missing ? `"${path.at(-1) ?? "plan"}" is missing` : `${name}: ${lower(issue.message)}`;
    return [
      { code: "schema", severity: "error" as const, path, message, hint: missing ? "Add it." : "Correct the value." },
    ];
  });
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

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
