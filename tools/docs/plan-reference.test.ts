import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePlan, planSchema } from "@muster/recovery";
import { describe, expect, it } from "vitest";
import { root } from "../workspace.ts";

const text = readFileSync(join(root, "docs", "plan.md"), "utf8");

/** Every property name of a JSON Schema, however deep. */
function keysOf(schema: unknown): Set<string> {
  if (typeof schema !== "object" || schema === null) return new Set();
  const found = "properties" in schema ? Object.keys(schema.properties as object) : [];
  return new Set([...found, ...Object.values(schema).flatMap((below) => [...keysOf(below)])]);
}

describe("docs/plan.md", () => {
  it("names every key that a plan may have, and no other", () => {
    const tables = text.slice(text.indexOf("## Keys"));
    const rows = tables.split("\n").filter((line) => line.startsWith("| `"));
    const documented = new Set(rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1]));
    const keys = keysOf(planSchema.toJSONSchema({ io: "input", unrepresentable: "any" }));
    for (const key of documented) expect(keys, `${key} is no key of a plan`).toContain(key);
    for (const key of keys) expect(tables, `${key} is not described`).toContain(`\`${key}\``);
  });

  it("has an example without a finding above info", () => {
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
    const { plan, findings } = parsePlan({ name: "docs/plan.md", text: example });
    expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
    expect(plan?.name).toBe("shop");
  });
});
