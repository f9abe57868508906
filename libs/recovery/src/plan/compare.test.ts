import { describe, expect, it } from "vitest";
import { canonicalJson } from "../canonical-json.ts";
import { planOf, shopText } from "../testing/shop.ts";
import { diffPlans } from "./diff.ts";
import { objectivesFor, tierName } from "./objectives.ts";

const changed = (from: string, to: string) => diffPlans(planOf(), planOf(shopText.replace(from, to)));

describe("the difference between two plans", () => {
  it("is nothing for the same plan, whatever the order and the layout of its text", () => {
    const [head = "", scenarios = ""] = shopText.split(/(?=scenarios:)/);
    expect(diffPlans(planOf(), planOf(`${scenarios}# a comment\n${head}`))).toEqual([]);
  });

  it("names what changed by its path, with both values", () => {
    expect(changed("objectives: { rto: 1h, rpo: 1h }", "objectives: { rto: 2h, rpo: 1h }")).toEqual([
      { kind: "changed", path: "objectives.rto", before: 3_600_000, after: 7_200_000 },
    ]);
  });

  it("names what came and what went", () => {
    expect(changed("    probes: [cache-up]\n", "    probes: [cache-up]\n    description: Carts.\n")).toEqual([
      { kind: "added", path: "services.cache.description", after: "Carts." },
    ]);
    expect(changed(", start: start-cache", "")).toEqual([
      { kind: "removed", path: "services.cache.actions.start", before: "start-cache" },
    ]);
  });

  it("of a first plan is everything in it", () => {
    const changes = diffPlans(undefined, planOf());
    expect(changes.every(({ kind }) => kind === "added")).toBe(true);
    expect(changes.map(({ path }) => path)).toContain("services");
  });
});

describe("objectives", () => {
  const plan = planOf(
    shopText
      .replace("name: Data }", "name: Data, objectives: { rto: 20m } }")
      .replace("host: cache-1\n", "host: cache-1\n    objectives: { rto: 10m }\n")
      .replace(
        "all: { approve: true }",
        "strict: { objectives: { rto: 5m } }\n  loose: { objectives: { rpo: 50m, rto: 59m } }",
      ),
  );

  it("come from the service, else its tier, else the plan", () => {
    expect(objectivesFor(plan, "cache")).toEqual({ rto: 600_000, rpo: 3_600_000 });
    expect(objectivesFor(plan, "db")).toEqual({ rto: 1_200_000, rpo: 3_600_000 });
    expect(objectivesFor(plan, "shop")).toEqual({ rto: 3_600_000, rpo: 3_600_000 });
  });

  it("are tightened by a scenario, never loosened", () => {
    expect(objectivesFor(plan, "cache", "strict").rto).toBe(300_000);
    expect(objectivesFor(plan, "cache", "loose")).toEqual({ rto: 600_000, rpo: 3_000_000 });
  });

  it("stand beside the tier's name", () => {
    expect([tierName(plan, 1), tierName(plan, 9)]).toEqual(["Data", "Tier 9"]);
  });
});

describe("canonical JSON", () => {
  it("sorts keys, and leaves out what is undefined", () => {
    expect(canonicalJson({ b: [undefined, { d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[null,{"d":1}]}');
  });

  it("is JSON", () => {
    const value = { text: 'a"\u2028', numbers: [1.5, -0, 1e21], nested: { "": {} } };
    expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
  });
});
