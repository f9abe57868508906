import { describe, expect, it } from "vitest";
import { agoText, clockText, count, durationText, instantText, plain, sizeText } from "./words.ts";

describe("a duration", () => {
  it.each([
    [undefined, "–"],
    [0, "0ms"],
    [350, "350ms"],
    [999.7, "1s"],
    [1400, "1.4s"],
    [59_700, "1m"],
    [90_000, "1m 30s"],
    [3_600_000, "1h"],
    [5_400_000, "1h 30m"],
    [86_400_000 * 3 + 3_600_000 * 4, "3d 4h"],
    [-12_000, "-12s"],
  ])("of %s ms is %s", (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
  });
});

describe("a running clock", () => {
  it.each([
    [-5, "0:00"],
    [65_999, "1:05"],
    [3_729_000, "1:02:09"],
  ])("at %s ms shows %s", (milliseconds, text) => {
    expect(clockText(milliseconds)).toBe(text);
  });
});

describe("moments and amounts", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");

  it.each([
    ["2026-03-02T12:00:03Z", "0s ago"],
    ["2026-03-02T11:59:10Z", "50s ago"],
    ["2026-03-02T11:00:01Z", "59m ago"],
    ["2026-03-01T11:00:00Z", "25h ago"],
    ["2026-02-20T12:00:00Z", "10d ago"],
  ])("%s is %s", (instant, text) => {
    expect(agoText(instant, now)).toBe(text);
  });

  it("are plain text", () => {
    expect(instantText("2026-03-02T14:30:00+01:00")).toBe("2026-03-02 13:30:00 UTC");
    expect([512, 5_740_000, 123_400_000, 1_070_000_000].map(sizeText)).toEqual([
      "512 B",
      "5.74 MB",
      "123 MB",
      "1.07 GB",
    ]);
    expect(plain("awaiting_approval")).toBe("awaiting approval");
    expect([count(1, "step"), count(3, "step")]).toEqual(["1 step", "3 steps"]);
  });
});
