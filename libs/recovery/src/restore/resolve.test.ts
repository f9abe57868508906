import { describe, expect, it } from "vitest";
import { hour, minute, noon, planOf, point, pointsOf } from "../testing/shop.ts";
import { type CatalogPoint, resolveSources } from "./resolve.ts";
import { selectServices } from "./select.ts";

const plan = planOf();
const resolve = (
  points: CatalogPoint[],
  target: "latest" | number = "latest",
  services = ["cache"],
  onto: Record<string, string> = {},
) => resolveSources({ plan, services, points, target, now: noon, onto });
const carts = (age: number, more: Partial<CatalogPoint> = {}) => point("cache", "carts", noon - age, more);

describe("selecting services", () => {
  it("takes all in the order of tiers when nothing is named", () => {
    expect(selectServices(plan, {})).toEqual(["cache", "db", "shop", "front"]);
  });

  it("joins what services, tiers and hosts name", () => {
    expect(selectServices(plan, { services: ["front"], tiers: [2], hosts: ["db-1"] })).toEqual(["db", "shop", "front"]);
  });

  it("gives nothing for a name that is not there", () => {
    expect(selectServices(plan, { services: ["nobody"] })).toEqual([]);
  });
});

describe("resolving sources", () => {
  it("takes the newest point for latest, and says how old it is", () => {
    const { sources, problems } = resolve([carts(2 * hour), carts(hour)]);
    expect(problems).toEqual([]);
    expect(sources).toMatchObject([{ takenAt: noon - hour, distance: hour, pointId: carts(hour).id, bytes: 1000 }]);
  });

  it("takes the newest point at or before an instant", () => {
    expect(resolve([carts(3 * hour), carts(2 * hour), carts(hour)], noon - 2 * hour).sources[0]?.distance).toBe(0);
    expect(resolve([carts(3 * hour), carts(hour)], noon - 2 * hour).sources[0]?.distance).toBe(hour);
  });

  it("takes a point that carries a warning, and passes the warning on", () => {
    const warnings = [{ code: "wrong-target", message: "another cluster", hint: "" }];
    const { sources, problems } = resolve([carts(2 * hour), carts(hour, { warnings })]);
    expect(sources[0]?.takenAt).toBe(noon - hour);
    expect(problems).toMatchObject([{ severity: "warning", code: "wrong-target", subject: "cache/carts" }]);
    expect(problems[0]?.message).toBe("the point of 2026-03-02T11:00:00.000Z is of another cluster");
    expect(resolve([carts(2 * hour), carts(hour, { warnings })], noon - 2 * hour).problems).toEqual([]);
  });

  it("passes over expired and damaged points", () => {
    const points = [carts(minute, { expired: true }), carts(2 * minute, { damaged: true }), carts(3 * minute)];
    expect(resolve(points).sources[0]?.takenAt).toBe(noon - 3 * minute);
  });

  it("takes the copy in the repository that the policy names first", () => {
    const points = ["elsewhere", "offsite", "main"].map((repository) => carts(minute, { repository, id: repository }));
    expect(resolve(points).sources[0]?.pointId).toBe("main");
    expect(resolve(points.slice(0, 2)).sources[0]?.pointId).toBe("offsite");
  });

  it("measures the spread over the sources of all services", () => {
    expect(resolve(pointsOf(plan), "latest", ["db", "cache", "shop"]).spread).toBe(3 * minute);
  });

  it("follows a service to the host that takes its host's place", () => {
    const [source] = resolve([carts(minute)], "latest", ["cache"], { "cache-1": "cache-2" }).sources;
    expect(source).toMatchObject({ fromHost: "cache-1", toHost: "cache-2" });
  });

  it("refuses a target in the future", () => {
    const { sources, problems } = resolve([carts(hour)], noon + hour);
    expect(sources).toEqual([]);
    expect(problems).toMatchObject([{ code: "target-in-future", severity: "error" }]);
    expect(problems[0]?.message).toContain("2026-03-02T13:00:00.000Z lies 1h in the future");
  });

  it("refuses a target before the first point, and names that", () => {
    const { problems } = resolve([carts(hour), carts(2 * hour)], noon - 3 * hour);
    expect(problems).toMatchObject([{ code: "target-before-first-point", subject: "cache/carts" }]);
    expect(problems[0]?.message).toContain("its first is of 2026-03-02T10:00:00.000Z");
    expect(problems[0]?.hint).toContain("--to 2026-03-02T10:00:00.000Z");
  });

  it("reports every source without a usable point, beside those that have one", () => {
    const { sources, problems } = resolve(
      [carts(hour), point("db", "orders", noon - hour, { expired: true })],
      "latest",
      ["db", "cache"],
    );
    expect(sources).toHaveLength(1);
    expect(problems.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      "no-recovery-point db/orders",
      "no-recovery-point db/settings",
    ]);
    expect(problems[0]?.message).toContain("all 1 have expired or are damaged");
  });
});
