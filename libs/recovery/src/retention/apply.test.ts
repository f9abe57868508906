import { describe, expect, it } from "vitest";
import type { Retention } from "../plan/schema.ts";
import { retentionSchema } from "../plan/schema.ts";
import { seededRandom } from "../testing/random.ts";
import { day, hour, noon } from "../testing/shop.ts";
import { applyRetention, ordinal, type RetainedPoint } from "./apply.ts";

const berlin = "Europe/Berlin";
const rules = (text: Record<string, number | string>): Retention => retentionSchema.parse(text);
const every = (step: number, count: number, now = noon): RetainedPoint[] =>
  Array.from({ length: count }, (_, index) => ({ id: `p${index}`, takenAt: now - index * step }));
const kept = (points: RetainedPoint[], retention: Retention | undefined, timezone = berlin, now = noon): string[] =>
  applyRetention(points, retention, timezone, now).flatMap(({ id, keep }) => (keep ? [id] : []));

describe("retention", () => {
  it("keeps the newest point of each of the last days, and says which it is", () => {
    const decisions = applyRetention(every(12 * hour, 8), rules({ daily: 3 }), berlin, noon);
    expect(decisions.filter(({ keep }) => keep)).toEqual([
      { id: "p0", keep: true, reasons: ["kept: newest point", "kept: 1st daily of 3"] },
      { id: "p2", keep: true, reasons: ["kept: 2nd daily of 3"] },
      { id: "p4", keep: true, reasons: ["kept: 3rd daily of 3"] },
    ]);
    expect(decisions[1]).toEqual({ id: "p1", keep: false, reasons: ["expired: no rule keeps it"] });
  });

  it("keeps by age", () => {
    expect(kept(every(day, 40), rules({ daily: "30d" }))).toHaveLength(31);
    expect(kept(every(hour, 10), rules({ last: "3h" }))).toEqual(["p0", "p1", "p2", "p3"]);
  });

  it("counts periods that have a point, not empty ones", () => {
    const points = [0, 1, 50, 51, 400].map((days, index) => ({ id: `p${index}`, takenAt: noon - days * day }));
    expect(kept(points, rules({ monthly: 3 }))).toEqual(["p0", "p2", "p4"]);
    expect(kept(points, rules({ yearly: 2 }))).toEqual(["p0", "p4"]);
  });

  it("takes a day's limits from the plan's time zone", () => {
    const points = ["2026-03-02T22:30Z", "2026-03-02T23:30Z"].map((text) => ({ id: text, takenAt: Date.parse(text) }));
    const now = Date.parse("2026-03-03T12:00Z");
    expect(kept(points, rules({ daily: 5 }), "UTC", now)).toHaveLength(1);
    expect(kept(points, rules({ daily: 5 }), berlin, now)).toHaveLength(2);
  });

  it("counts the hour that daylight saving repeats as two", () => {
    const points = ["2026-10-25T00:30Z", "2026-10-25T01:30Z"].map((text) => ({ id: text, takenAt: Date.parse(text) }));
    expect(kept(points, rules({ hourly: 5 }), berlin, Date.parse("2026-10-25T12:00Z"))).toHaveLength(2);
  });

  it("begins a week on Monday, also over the end of a year", () => {
    const points = ["2026-12-28", "2027-01-03", "2027-01-04"].map((text) => ({ id: text, takenAt: Date.parse(text) }));
    expect(kept(points, rules({ weekly: 9 }), "UTC", Date.parse("2027-01-05"))).toEqual(["2027-01-04", "2027-01-03"]);
  });

  it("never lets the only point go, however old it is", () => {
    expect(kept([{ id: "old", takenAt: 0 }], rules({ last: 0, daily: "1d" }))).toEqual(["old"]);
  });

  it("keeps everything when nothing is said", () => {
    expect(kept(every(hour, 5), undefined)).toHaveLength(5);
  });

  it("keeps what is held, and by whom", () => {
    const points = every(day, 5).map((point) => (point.id === "p4" ? { ...point, holds: ["recovery r-1"] } : point));
    expect(applyRetention(points, rules({ last: 1 }), berlin, noon).at(-1)).toEqual({
      id: "p4",
      keep: true,
      reasons: ["kept: held by recovery r-1"],
    });
  });

  it("numbers in words that read well", () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal).join(" ")).toBe(
      "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th",
    );
  });
});

describe("retention of random points", () => {
  for (let seed = 1; seed <= 60; seed++) {
    it(`holds its promises, seed ${seed}`, () => {
      const random = seededRandom(seed);
      const points = Array.from({ length: random.below(80) }, (_, index) => ({
        id: `p${index}`,
        takenAt: noon - random.below(900 * day),
      }));
      const retention = rules({
        last: random.below(5),
        daily: random.below(10),
        weekly: `${random.below(90)}d`,
        monthly: random.below(6),
      });
      const decisions = applyRetention(points, retention, berlin, noon);
      const keep = decisions.filter((decision) => decision.keep).map(({ id }) => id);
      const newest = [...points].sort((a, b) => b.takenAt - a.takenAt)[0];

      expect(decisions.map(({ id }) => id).sort()).toEqual(points.map(({ id }) => id).sort());
      expect(decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);
      if (newest !== undefined) expect(keep).toContain(newest.id);
      // Deciding again over what was kept lets nothing more go: expiry in two passes equals expiry in one.
      const survivors = points.filter(({ id }) => keep.includes(id));
      expect(kept(survivors, retention).sort()).toEqual([...keep].sort());
      // A more generous policy keeps at least as much.
      const generous: Retention = { ...retention, monthly: { kind: "count", count: 12 } };
      expect(kept(points, generous)).toEqual(expect.arrayContaining(keep));
      // The order in which the points are given does not matter.
      expect(kept([...points].reverse(), retention)).toEqual(keep);
    });
  }
});
