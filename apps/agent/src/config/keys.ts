import { z } from "zod";

/** The keys that a schema allows at a path of the value; empty where any key, or none, is allowed. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const plain = unwrap(schema, value);
  if (plain instanceof z.ZodObject) {
    const [key, ...rest] = path;
    if (key === undefined) return Object.keys(plain.shape);
    const next: unknown = plain.shape[String(key)];
    return next instanceof z.core.$ZodType ? keysAt(next, rest, member(value, key)) : [];
  }
  const [key, ...rest] = path;
  if (key === undefined) return [];
  if (plain instanceof z.ZodRecord) return keysAt(plain.valueType, rest, member(value, key));
  if (plain instanceof z.ZodArray) return keysAt(plain.element, rest, member(value, key));
  return [];
}

function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const key = schema.def.discriminator;
    const chosen = schema.options.find((option) => accepts(option, key, member(value, key)));
    return chosen === undefined ? schema : unwrap(chosen, value);
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in, value);
  return schema;
}

function accepts(option: z.core.$ZodType, key: string, value: unknown): boolean {
  const plain = unwrap(option, value);
  if (!(plain instanceof z.ZodObject)) return false;
  const literal: unknown = plain.shape[key];
  return literal instanceof z.ZodLiteral && [...literal.values].some((one) => one === value);
}

function member(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** The candidate that is nearest to a mistyped word; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  ranked.sort((left, right) => left.distance - right.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein's distance, case ignored. */
function editDistance(left: string, right: string): number {
  const target = right.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...left.toLowerCase()].entries()) {
    const next = [i + 1];
    for (let j = 0; j < target.length; j++) {
      const replaced = (row[j] ?? 0) + (target[j] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[target.length] ?? 0;
}
