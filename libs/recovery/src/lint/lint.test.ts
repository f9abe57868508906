import { describe, expect, it } from "vitest";
import { parsePlan } from "../plan/parse.ts";
import { shopText } from "../testing/shop.ts";

const all = (text: string) => parsePlan({ name: "plan.yaml", text }).findings;
const lint = (text: string) => all(text).filter(({ severity }) => severity !== "info");
const changed = (from: string, to: string) => {
  if (!shopText.includes(from)) throw new Error(`the shop has no ${from}`);
  return lint(shopText.replace(from, to));
};
const worst = (from: string, to: string) => changed(from, to)[0];

describe("references", () => {
  it.each([
    ["dependsOn: [shop]", "dependsOn: [shp]", 'there is no service "shp"', 'Did you mean "shop"?'],
    ["orders: { policy: often }", "orders: { policy: oftn }", 'there is no policy "oftn"', 'Did you mean "often"?'],
    [
      "all: { approve: true }",
      "all: { restore: { hosts: [db-7] } }",
      'there is no host "db-7"',
      'Did you mean "db-1"?',
    ],
    ["all: { approve: true }", "all: { hosts: { edge-1: app-1 } }", 'there is no host "edge-1"', "There are: db-1"],
    ["all: { approve: true }", "all: { restore: { tiers: [7] } }", 'there is no tier "7"', "There are: 1, 2, 3"],
    ["all: { approve: true }", "all: { restore: { services: [x] } }", 'there is no service "x"', "There are: db"],
    ["probes: [db-up]", "probes: [db-up]\n    gate: { probes: [db-upp] }", 'there is no probe "db-upp"', "db-up"],
    ["tier: 3\n", "tier: 4\n", "there is no tier 4", "There are: 1, 2, 3"],
  ])("must be defined: %s → %s", (from, to, message, hint) => {
    const finding = worst(from, to);
    expect(finding).toMatchObject({ code: "unknown-reference", severity: "error", message });
    expect(finding?.hint).toContain(hint);
    expect(finding?.line).toBeGreaterThan(1);
  });

  it("must be defined, but tiers only in a plan that names them", () => {
    const unnamed = shopText.replace(/^tiers:.*\n/m, "").replace("tier: 3\n", "tier: 4\n");
    expect(lint(unnamed).filter(({ severity }) => severity === "error")).toEqual([]);
  });
});

describe("order", () => {
  it("names every service of a circle", () => {
    const findings = changed("tier: 1\n    host: db-1", "tier: 1\n    dependsOn: [front]\n    host: db-1");
    expect(findings).toMatchObject([
      { code: "dependency-cycle", message: "the dependencies go in a circle: db → front → shop → db" },
    ]);
  });

  it("names a service that needs itself", () => {
    expect(worst("dependsOn: [shop]", "dependsOn: [front]")?.message).toContain("front → front");
  });

  it("refuses a dependency on a later tier", () => {
    expect(worst("tier: 2\n", "tier: 3\n")).toBeUndefined();
    expect(worst("tier: 3\n", "tier: 1\n")).toMatchObject({
      code: "dependency-later-tier",
      severity: "error",
      message: "front is in tier 1, but needs shop, which comes back later, in tier 2",
      path: "services.front.dependsOn.0",
    });
  });

  it("refuses two tiers of one number", () => {
    expect(worst("{ tier: 3, name: Edge }", "{ tier: 3, name: Edge }, { tier: 1, name: More }")).toMatchObject({
      code: "repeated-tier",
      message: "tier 1 is given twice, as Data and as More",
    });
  });
});

describe("RPO arithmetic", () => {
  it("refuses an interval equal to the RPO, and shows the sum", () => {
    const findings = changed("rpo: 1h", "rpo: 15m");
    expect(findings).toHaveLength(4);
    expect(findings[0]).toMatchObject({ code: "rpo-interval", severity: "error", hint: expect.stringContaining("7m") });
    expect(findings[0]?.message).toContain("up to 15m between backups");
    expect(findings[0]?.message).toContain("the RPO of 15m");
  });

  it("adds the jitter", () => {
    expect(changed("every 15m,", "every 50m, jitter: 9m,").filter(({ severity }) => severity === "error")).toEqual([]);
    expect(worst("every 15m,", "every 50m, jitter: 10m,")?.message).toContain("50m + jitter 10m = 1h between backups");
  });

  it("takes several schedules together, not the most frequent one", () => {
    const both = "[daily 02:00, daily 03:00],";
    expect(worst("every 15m,", both)?.message).toContain("up to 23h between backups");
  });

  it("uses a scenario's stricter RPO for the services that it restores", () => {
    const findings = changed(
      "all: { approve: true }",
      "fast: { objectives: { rpo: 10m }, restore: { services: [cache] } }",
    );
    expect(findings).toMatchObject([{ code: "rpo-interval", path: "services.cache.sources.carts.policy" }]);
    expect(findings[0]?.message).toContain("RPO of 10m in scenario fast");
  });

  it("refuses a source with an RPO and no policy", () => {
    expect(worst("carts: { policy: often }", "carts: {}")).toMatchObject({ code: "rpo-no-schedule" });
  });
});

describe("levels", () => {
  it("warns of a tier and of a scenario looser than the plan, with both numbers", () => {
    const tier = worst("name: Edge }", "name: Edge, objectives: { rto: 2h } }");
    expect(tier).toMatchObject({ code: "tier-looser", severity: "warning", path: "tiers.2.objectives.rto" });
    expect(tier?.message).toContain("allows 2h for the RTO, the plan only 1h");
    const scenario = worst("all: { approve: true }", "all: { objectives: { rpo: 90m } }");
    expect(scenario).toMatchObject({ code: "scenario-looser", severity: "warning" });
    expect(scenario?.message).toContain("allows 1h 30m for the RPO");
  });
});

describe("time", () => {
  it("refuses a time zone that no calendar knows", () => {
    expect(worst("Europe/Berlin", "Europe/Atlantis")).toMatchObject({ code: "bad-timezone", line: 3 });
  });

  it.each(["sometimes", "every 0m", "daily 25:00", "weekly someday 03:00", "cron 61 * * * *", "cron * * * * * *"])(
    "refuses the schedule %s",
    (schedule) => {
      expect(worst("every 15m,", `"${schedule}",`)).toMatchObject({ code: "bad-schedule", line: 7 });
    },
  );

  it("refuses a schedule that no calendar ever reaches", () => {
    expect(worst("every 15m,", '"cron 0 0 31 2 *",')?.message).toContain("is never due");
  });
});

describe("proof and completeness", () => {
  it("warns of a service without a probe", () => {
    expect(worst("    probes: [cache-up]\n", "")).toMatchObject({ code: "service-without-probe", severity: "warning" });
  });

  it("mentions a service without a source, and warns when it has no action either", () => {
    expect(all(shopText)).toMatchObject([{ code: "service-without-source", severity: "info", path: "services.front" }]);
    const idle = changed("    actions: { stop: stop-front, start: start-front, open: open-front }\n", "");
    expect(idle).toMatchObject([{ code: "service-without-source", severity: "warning" }]);
  });

  it("warns of a policy that keeps everything for ever", () => {
    expect(worst("retention: { last: 10 }, ", "")).toMatchObject({ code: "policy-without-retention" });
  });

  it("refuses a scenario that names nothing rather than to restore everything", () => {
    expect(worst("all: { approve: true }", "none: { restore: { services: [] } }")).toMatchObject({
      code: "scenario-names-nothing",
      severity: "error",
    });
  });
});
