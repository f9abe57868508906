import { canonicalJson } from "../canonical-json.ts";
import type { Plan } from "./schema.ts";

export interface PlanChange {
  readonly kind: "added" | "removed" | "changed";
  /** `services.orders-db.tier`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What applying `after` over `before` would change, in the order of the paths. Durations are milliseconds. */
export function diffPlans(before: Plan | undefined, after: Plan): PlanChange[] {
  return compare("", before, after);
}

function compare(path: string, before: unknown, after: unknown): PlanChange[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (before === undefined)
    return isRecord(after) && path === "" ? within(path, {}, after) : [{ kind: "added", path, after }];
  if (after === undefined) return [{ kind: "removed", path, before }];
  if (isRecord(before) && isRecord(after)) return within(path, before, after);
  return [{ kind: "changed", path, before, after }];
}

function within(path: string, before: Record<string, unknown>, after: Record<string, unknown>): PlanChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => compare(path === "" ? key : `${path}.${key}`, before[key], after[key]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
