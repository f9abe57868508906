import { describe, expect, it } from "vitest";
import { canonicalJson } from "../canonical-json.ts";
import { parsePlan } from "../plan/parse.ts";
import type { RecoveryPlan, StepPlan } from "../run/model.ts";
import { seededRandom } from "../testing/random.ts";
import { planOf, recoveryOf, shopText } from "../testing/shop.ts";

const step = (plan: RecoveryPlan, id: string): StepPlan => {
  const found = plan.steps.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no step ${id} among ${plan.steps.map((other) => other.id).join(", ")}`);
  return found;
};

/** Whether a step must have ended before another starts. */
function comesBefore(plan: RecoveryPlan, early: string, late: string): boolean {
  const { after } = step(plan, late);
  return after.includes(early) || after.some((id) => comesBefore(plan, early, id));
}

describe("the order of a recovery", () => {
  const plan = recoveryOf();

  it("stops everything before it restores anything, dependants first", () => {
    const chain = ["front/stop", "shop/stop", "db/fence", "db/stop", "db/prepare"];
    for (const [index, id] of chain.slice(1).entries()) expect(comesBefore(plan, chain[index] ?? "", id)).toBe(true);
    for (const { id, phase } of plan.steps)
      if (phase === "restore") expect(comesBefore(plan, "cache/stop", id), id).toBe(true);
  });

  it("brings each service back: prepare, all its sources, start, gate, open", () => {
    expect(step(plan, "db/restore/orders").after).toEqual(["db/prepare"]);
    expect(step(plan, "db/restore/settings").after).toEqual(["db/prepare"]);
    expect(step(plan, "db/start").after).toEqual(["db/restore/orders", "db/restore/settings"]);
    expect(step(plan, "db/gate").after).toEqual(["db/start"]);
    expect(step(plan, "front/open").after).toEqual(["front/gate"]);
    expect(step(plan, "db/gate").work).toMatchObject({ kind: "gate", gate: { probes: ["db-up"], successes: 2 } });
  });

  it("starts a tier only after all gates of the one before", () => {
    expect([...step(plan, "shop/restore/receipts").after].sort()).toEqual(["cache/gate", "db/gate"]);
    expect(step(plan, "front/start").after).toEqual(["shop/gate"]);
  });

  it("does not make independent services wait for each other", () => {
    expect(comesBefore(plan, "cache/gate", "db/gate")).toBe(false);
    expect(comesBefore(plan, "db/gate", "cache/gate")).toBe(false);
  });

  it("keeps an order that goes through a service which is not selected", () => {
    const text = `version: 1
name: x
timezone: UTC
services:
  a: { tier: 1, host: h, actions: { stop: stop, start: start } }
  b: { tier: 1, host: h, dependsOn: [a] }
  c: { tier: 1, host: h, dependsOn: [b], actions: { stop: stop, start: start } }
`;
    const partial = recoveryOf(planOf(text), { selection: { services: ["a", "c"] } });
    expect(step(partial, "c/start").after).toEqual(["a/start"]);
    expect(step(partial, "a/stop").after).toEqual(["c/stop"]);
  });

  it("restores onto another host, and stops the service there and on its own host if that answers", () => {
    const onto = { "db-1": "db-2" };
    const moved = recoveryOf(planOf(), { onto });
    expect(step(moved, "db/restore/orders")).toMatchObject({ host: "db-2", replaces: "db-1" });
    expect(step(moved, "db/stop").host).toBe("db-1");
    expect(step(moved, "db/stop@db-2").host).toBe("db-2");
    expect(comesBefore(moved, "db/stop", "db/prepare")).toBe(true);
    const lost = recoveryOf(planOf(), { onto, onlineHosts: new Set(["db-2", "cache-1", "app-1"]) });
    expect(lost.steps.filter(({ host }) => host === "db-1")).toEqual([]);
    expect(comesBefore(lost, "db/stop@db-2", "db/prepare")).toBe(true);
  });

  it("brings what an earlier tier needs back with that one, when somebody forced such a plan", () => {
    const { plan: forced } = parsePlan({
      name: "p",
      text: shopText
        .replace("dependsOn: [db, cache]", "dependsOn: [db, cache, front]")
        .replace("dependsOn: [shop]", "dependsOn: []"),
    });
    const plan = recoveryOf(forced);
    expect(comesBefore(plan, "front/open", "shop/restore/receipts")).toBe(true);
    expect(comesBefore(plan, "db/gate", "front/start")).toBe(true);
    expect(plan.steps.findIndex(({ id }) => id === "front/open")).toBeLessThan(
      plan.steps.findIndex(({ id }) => id === "shop/start"),
    );
  });

  it("needs an approval only when the scenario asks for it", () => {
    expect(recoveryOf().needsApproval).toBe(false);
    expect(recoveryOf(planOf(), { scenario: "all" }).needsApproval).toBe(true);
  });

  it("gives the same text for the same plan, however it was put together", () => {
    const copy: unknown = JSON.parse(JSON.stringify(plan));
    expect(canonicalJson(copy)).toBe(canonicalJson(plan));
    expect(canonicalJson(recoveryOf(planOf(), { target: 5 }))).not.toBe(canonicalJson(plan));
  });
});

describe("the forecast", () => {
  it("adds up the measured times along the longest chain", () => {
    const history = {
      durationMs: (service: string, work: string) => (service === "db" && work === "gate" ? 60_000 : 1000),
      bytesPerSecond: () => 100,
    };
    const plan = recoveryOf(planOf(), { history });
    expect(plan.criticalPath).toEqual([
      "front/stop",
      "shop/stop",
      "db/fence",
      "db/stop",
      "db/prepare",
      "db/restore/orders",
      "db/start",
      "db/gate",
      "shop/restore/receipts",
      "shop/start",
      "shop/gate",
      "front/start",
      "front/gate",
      "front/open",
    ]);
    // 1,000 bytes at 100 B/s are 10 s, twice; the gate a minute; eleven other steps a second each.
    expect(plan.forecast).toBe(2 * 10_000 + 60_000 + 11 * 1000);
  });

  it("is not made up where something was never measured", () => {
    const history = { durationMs: () => 1000, bytesPerSecond: () => undefined };
    expect(recoveryOf(planOf(), { history }).forecast).toBe(14_000);
    const gaps = { ...history, durationMs: (_: string, work: string) => (work === "gate" ? undefined : 1000) };
    expect(recoveryOf(planOf(), { history: gaps }).forecast).toBeUndefined();
  });
});

/** A plan of services that depend on earlier ones of their own or an earlier tier, in random order. */
function randomPlan(seed: number): string {
  const random = seededRandom(seed);
  const tiers = Array.from({ length: 2 + random.below(8) }, () => 1 + random.below(3)).sort((a, b) => a - b);
  const services = tiers.map((tier, index) => {
    const needs = Array.from({ length: index }, (_, other) => `s${other}`).filter(() => random.below(3) === 0);
    const actions = ["stop", "start", "fence", "prepare", "open"].filter(() => random.below(2) === 0);
    return `  s${index}: { tier: ${tier}, host: h${random.below(3)}, dependsOn: [${needs.join(", ")}], actions: { ${actions
      .map((name) => `${name}: ${name}`)
      .join(
        ", ",
      )} }, sources: { ${random.below(2) === 0 ? "data: {}" : ""} }, probes: [${random.below(2) === 0 ? "up" : ""}] }`;
  });
  const shuffled = services.sort(() => random.next() - 0.5);
  return ["version: 1", "name: random", "timezone: UTC", "services:", ...shuffled, ""].join("\n");
}

describe("the order of random recoveries", () => {
  for (let seed = 1; seed <= 80; seed++) {
    it(`keeps tiers and dependencies, seed ${seed}`, () => {
      const model = planOf(randomPlan(seed));
      const plan = recoveryOf(model);
      const position = new Map(plan.steps.map(({ id }, index) => [id, index]));
      expect(position.size).toBe(plan.steps.length);
      const reach = reachability(plan);
      for (const late of plan.steps) {
        // No circle: every step stands after all that it waits for.
        for (const id of late.after) expect(position.get(id) ?? Number.NaN).toBeLessThan(position.get(late.id) ?? 0);
        for (const early of plan.steps) {
          const waits = reach.get(late.id)?.has(early.id) ?? false;
          const isNeeded = model.services[late.service]?.dependsOn.includes(early.service) ?? false;
          if (late.phase !== "stop" && early.phase === "stop") expect(waits).toBe(true);
          if (late.phase === "stop" || early.phase === "stop") continue;
          if (early.tier < late.tier || isNeeded) expect(waits, `${late.id} after ${early.id}`).toBe(true);
        }
      }
    });
  }
});

function reachability(plan: RecoveryPlan): Map<string, Set<string>> {
  const reach = new Map<string, Set<string>>();
  for (const { id, after } of plan.steps)
    reach.set(id, new Set(after.flatMap((other) => [other, ...(reach.get(other) ?? [])])));
  return reach;
}
