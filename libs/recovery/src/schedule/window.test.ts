import { expect, test } from "vitest";
import { policySchema } from "../plan/schema.ts";
import { openWindow } from "./window.ts";

const night = policySchema.parse({ schedule: "daily 02:00", copying: { limit: "20MB", windows: ["22:00-06:00"] } });
const at = (text: string) => Date.parse(text);

test("a window over midnight is open on both of its sides, and says when it ends", () => {
  const { windows } = night.copying ?? {};
  const end = at("2026-03-03T06:00:00Z");
  expect(openWindow(windows, "UTC", at("2026-03-02T22:00:00Z"))).toEqual({ until: end });
  expect(openWindow(windows, "UTC", at("2026-03-03T05:59:30Z"))).toEqual({ until: end });
  expect(openWindow(windows, "UTC", at("2026-03-03T06:00:00Z"))).toBeUndefined();
  expect(openWindow(windows, "UTC", at("2026-03-02T21:59:59Z"))).toBeUndefined();
});

test("a window is one of the plan's time zone", () => {
  const { windows } = night.copying ?? {};
  expect(openWindow(windows, "Europe/Berlin", at("2026-01-02T21:30:00Z"))).toEqual({
    until: at("2026-01-03T05:00:00Z"),
  });
  expect(openWindow(windows, "UTC", at("2026-01-02T21:30:00Z"))).toBeUndefined();
});

test("of several windows the one that stays open longest counts, and without any it is always open", () => {
  const windows = [
    { from: 60, to: 120 },
    { from: 90, to: 300 },
  ];
  expect(openWindow(windows, "UTC", at("2026-01-01T01:45:00Z"))).toEqual({ until: at("2026-01-01T05:00:00Z") });
  expect(openWindow(undefined, "UTC", 0)).toEqual({});
});

test("a limit is bytes per second, and what is no size or no time of day is refused", () => {
  expect(night.copying?.limit).toBe(20_000_000);
  for (const copying of [{ limit: "fast" }, { limit: "0" }, { windows: ["22-6"] }, { windows: [] }]) {
    expect(policySchema.safeParse({ schedule: "hourly", copying }).success).toBe(false);
  }
});
