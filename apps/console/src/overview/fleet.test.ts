import { describe, expect, it } from "vitest";
import { at, noon, sampleService } from "../testing/samples.ts";
import { copyTextOf, exposureOf, healthOf, lastPointOf, remarkOf, talliesOf, tiersOf } from "./fleet.ts";

const [source] = sampleService().sources;
if (source === undefined) throw new Error("the sample has no source");

describe("the overview", () => {
  it("has the tiers in their order, with their names", () => {
    const services = [sampleService({ tier: 2, tierName: "Tier 2", service: "b" }), sampleService()];
    expect(tiersOf({ services }).map(({ title, services: [first] }) => [title, first?.service])).toEqual([
      ["Tier 1 · Web", "site"],
      ["Tier 2", "b"],
    ]);
  });

  it("counts what is well, and each host once", () => {
    const down = { status: "major_outage", hostOnline: false, exposureState: "breached" } as const;
    const risky = sampleService({ exposureState: "at-risk" });
    const services = [risky, sampleService(down), sampleService({ ...down, sources: [], host: "web-2" })];
    const facts = { at: at(0), indicator: "major", description: "" } as const;
    const tallies = talliesOf({ ...facts, services, activeRecoveries: [], controlPlane: [] });
    expect(tallies.map(({ value }) => value)).toEqual(["1 of 3", "1 of 2", "0 of 2", "0"]);
    expect(tallies.map(({ tone }) => tone)).toEqual(["bad", "bad", "bad", "quiet"]);
  });
});

describe("a service", () => {
  it("is exposed for longer as time goes by since the measurement", () => {
    const exposure = exposureOf(sampleService(), at(0), noon + 30_000);
    expect(exposure).toEqual({ tone: "good", now: 90_000, allowed: 600_000, share: 0.15, state: "ok" });
  });

  it("is unprotected without a point, and has no exposure without data", () => {
    const { exposureSeconds: _, ...bare } = sampleService({ exposureState: "unprotected" });
    expect(exposureOf(bare, at(0), noon)).toMatchObject({ tone: "bad", now: undefined, share: undefined });
    expect(exposureOf(sampleService({ sources: [] }), at(0), noon)).toBeUndefined();
  });

  it("can be brought back whole to the oldest of its sources' points", () => {
    const two = [source, { ...source, source: "media", latestPointAt: at(-300) }];
    expect(lastPointOf(sampleService({ sources: two }))).toBe(at(-300));
    const { latestPointAt: _, ...bare } = source;
    expect(lastPointOf(sampleService({ sources: [source, bare] }))).toBeUndefined();
  });

  it("says first what stops everything else", () => {
    const failing = { name: "http", state: "failing", message: "status 500" };
    const late = { ...source, lastError: "the disk is full" };
    expect(remarkOf(sampleService({ hostOnline: false, probes: [failing] }))).toContain("not connected");
    expect(remarkOf(sampleService({ probes: [failing], sources: [late] }))).toBe("http: status 500");
    expect(remarkOf(sampleService({ sources: [late] }))).toBe("last backup of pages: the disk is full");
    const foreign = { ...source, warnings: ["another PostgreSQL cluster"] };
    expect(remarkOf(sampleService({ sources: [foreign] }))).toBe("newest point of pages: another PostgreSQL cluster");
    expect(remarkOf(sampleService({ hostOnline: false, movedTo: "web-2" }))).toContain("set host: web-2 in the plan");
    expect(remarkOf(sampleService())).toBeUndefined();
  });

  it("says how old its newest copy elsewhere is, and why copying fails", () => {
    const copy = { repository: "second", lastError: "no answer" };
    const copied = sampleService({ sources: [{ ...source, copies: [copy] }], copySeconds: 7200 });
    expect(copyTextOf(copied)).toBe("copy: 2h old");
    expect(copyTextOf({ ...copied, copySeconds: undefined })).toBe("no copy yet");
    expect(copyTextOf(sampleService())).toBeUndefined();
    expect(remarkOf(copied)).toBe("last copy of pages to second: no answer");
  });

  it("has its health in words", () => {
    expect(healthOf(sampleService())).toEqual({ tone: "good", text: "operational" });
    expect(healthOf(sampleService({ status: "major_outage" }))).toEqual({ tone: "bad", text: "outage" });
    expect(healthOf(sampleService({ status: "partial_outage" }))).toEqual({ tone: "bad", text: "partial outage" });
  });
});
