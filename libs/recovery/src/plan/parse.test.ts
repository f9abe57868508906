import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/random.ts";
import { shopText } from "../testing/shop.ts";
import { parsePlan } from "./parse.ts";

const parse = (text: string) => parsePlan({ name: "plan.yaml", text });
const first = (text: string) => parse(text).findings[0];

describe("reading a plan", () => {
  it("fills in defaults and turns durations into milliseconds", () => {
    const { plan, findings } = parse(shopText);
    expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
    expect(plan?.objectives).toEqual({ rto: 3_600_000, rpo: 3_600_000 });
    expect(plan?.services.db?.gate).toMatchObject({ successes: 2, deadline: 120_000 });
    expect(plan?.policies.often?.schedule).toEqual(["every 15m"]);
  });

  it("finds nothing to object to in the example", () => {
    const path = new URL("../../../../examples/plans/shop.yaml", import.meta.url);
    const { plan, findings } = parse(readFileSync(path, "utf8"));
    expect(findings).toEqual([]);
    expect(Object.keys(plan?.scenarios ?? {})).toEqual(["everything-lost", "database-host-lost", "bad-release"]);
  });

  it("says where an unknown key is and which known one is nearest", () => {
    expect(first(shopText.replace("dependsOn: [shop]", "dependOn: [shop]"))).toEqual({
      code: "unknown-key",
      severity: "error",
      message: '"dependOn" is not a key that is known here',
      hint: 'Did you mean "dependsOn"?',
      file: "plan.yaml",
      line: 31,
      column: 5,
      path: "services.front.dependOn",
    });
  });

  it.each([
    ["a missing key", shopText.replace("timezone: Europe/Berlin\n", ""), '"timezone" is missing'],
    ["a duration that is none", shopText.replace("rto: 1h", "rto: soon"), '"soon" is not a duration'],
    ["a name that fits in no label", shopText.replace("host: db-1", "host: DB_1"), "lower-case letters"],
    ["a retention that is neither", shopText.replace("last: 10", "last: ten"), "neither a number nor a duration"],
    ["a word for a list", shopText.replace("[db-up]", "db-up"), "services.db.probes: expected array"],
    ["a version to come", shopText.replace("version: 1", "version: 2"), "version: expected 1"],
  ])("names %s", (_, text, message) => {
    const { plan, findings } = parse(text);
    expect(plan).toBeUndefined();
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code: "schema", severity: "error", file: "plan.yaml" });
    expect(findings[0]?.message).toContain(message);
    expect(findings[0]?.line).toBeGreaterThan(0);
  });

  it.each([
    ["an alias, which could grow without limit", "name: &a x\ndescription: *a\n", "aliases are not allowed", 2],
    ["a tag of its own", "name: !secret x\n", "the tag !secret is not allowed", 1],
    ["a key given twice", "name: a\nname: b\n", "given twice", 2],
    ["a second document", "name: a\n---\nname: b\n", "several documents", 2],
    ["a list instead of keys", "- name\n", "keys and values", 1],
    ["a tab", "services:\n\tdb: 1\n", "Tabs are not allowed", 2],
    ["deep nesting", `a: ${"{a: ".repeat(60)}1${"}".repeat(60)}\n`, "nested deeper than 40 levels", 1],
    ["nesting beyond the stack", "[".repeat(100_000), "nested too deeply", 1],
  ])("refuses %s", (_, text, message, line) => {
    const { plan, findings } = parse(text);
    expect(plan).toBeUndefined();
    expect(findings[0]).toMatchObject({ code: "yaml", severity: "error", line });
    expect(findings[0]?.message).toContain(message);
  });

  it("refuses a file that is too long to be a plan", () => {
    expect(first(`# ${"x".repeat(2_000_000)}`)?.message).toContain("longer than 2000000 characters");
  });

  it("does not mistake __proto__ for anything but an unknown key", () => {
    const files = [
      { name: "a.yaml", text: shopText },
      { name: "b.yaml", text: "__proto__: { policies: {} }\n" },
    ];
    expect(parsePlan(files).findings).toMatchObject([{ code: "unknown-key", path: "__proto__", file: "b.yaml" }]);
  });

  it("refuses the name that the control plane's own backups have", () => {
    const { findings } = parse("version: 1\nname: x\ntimezone: UTC\nservices:\n  control: { tier: 1, host: h }\n");
    expect(findings[0]).toMatchObject({ severity: "error" });
    expect(JSON.stringify(findings)).toContain("is reserved");
  });

  it("throws for no input, however mangled", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const at = random.below(shopText.length);
      const junk = random.pick(["{", "]", "\t", "&a ", "*a", ": ", "\n- ", "!!x ", "\u0000", "'", "%", "---\n"]);
      const text = shopText.slice(0, at) + junk + shopText.slice(at + random.below(5));
      const { plan, findings } = parse(text);
      if (plan === undefined) expect(findings, `seed ${seed}`).not.toEqual([]);
    }
  });
});

describe("reading a plan from several files", () => {
  const [head = "", services = ""] = shopText.split(/(?=services:)/);
  const [body = "", scenarios = ""] = services.split(/(?=scenarios:)/);

  it("joins them, with the place in the file that holds the key", () => {
    const files = [
      { name: "head.yaml", text: head },
      { name: "services.yaml", text: body.replace("dependsOn: [shop]", "dependsOn: [shap]") },
      { name: "more.yaml", text: "services: { extra: { tier: 1, host: h } }\n" },
      { name: "scenarios.yaml", text: scenarios },
    ];
    const { plan, findings } = parsePlan(files);
    expect(Object.keys(plan?.services ?? {})).toContain("extra");
    expect(findings).toMatchObject([{ code: "unknown-reference", file: "services.yaml", line: 24 }]);
  });

  it("refuses a service that two of them define", () => {
    const files = [
      { name: "a.yaml", text: shopText },
      { name: "b.yaml", text: "services: { db: { tier: 1, host: db-9 } }\n" },
    ];
    expect(parsePlan(files).findings).toMatchObject([
      { severity: "error", path: "services.db", message: '"services.db" is given again in b.yaml' },
    ]);
  });
});
