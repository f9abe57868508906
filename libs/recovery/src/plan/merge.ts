import type { Remark } from "../lint/finding.ts";
import type { ReadFile } from "./read-file.ts";

/** The files as one value: maps under the same top-level key are joined; anything else that comes twice is an error. */
export function mergeFiles(files: readonly ReadFile[]): { value: unknown; remarks: Remark[] } {
  const [only] = files;
  if (only !== undefined && files.length === 1) return { value: only.value ?? {}, remarks: [] };
  const merged = new Map<string, unknown>();
  const remarks: Remark[] = [];
  for (const { name, value } of files) {
    if (!isRecord(value)) continue; // an empty file: the reader has refused everything else
    for (const [key, part] of Object.entries(value)) remarks.push(...join(merged, key, part, name));
  }
  return { value: Object.fromEntries(merged), remarks };
}

function join(merged: Map<string, unknown>, key: string, part: unknown, file: string): Remark[] {
  const before = merged.get(key);
  if (before === undefined) merged.set(key, part);
  else if (!isRecord(before) || !isRecord(part)) return [twice([key], file)];
  else {
    const repeated = Object.keys(part).filter((name) => Object.hasOwn(before, name));
    if (repeated.length > 0) return repeated.map((name) => twice([key, name], file));
    merged.set(key, { ...before, ...part });
  }
  return [];
}

function twice(path: string[], file: string): Remark {
  const message = `"${path.join(".")}" is given again in ${file}`;
  return { code: "schema", severity: "error", path, message, hint: "Keep it in one of the files." };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
