import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/random.ts";
import { dueTimes, missedRun, nextDue } from "./due.ts";
import { longestGap, scheduleInterval } from "./interval.ts";
import { parseSchedule } from "./schedule.ts";

const berlin = "Europe/Berlin";
const at = (text: string): number => Date.parse(text);
const iso = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString().slice(0, 16));
const due = (schedule: string, from: string, count: number, timezone = berlin): string[] =>
  iso(dueTimes({ schedule, timezone, seed: "db/orders" }, { from: at(from), count }));

describe("schedules", () => {
  it.each([
    ["every 15m", ["2026-03-02T12:15", "2026-03-02T12:30"]],
    ["hourly", ["2026-03-02T13:00", "2026-03-02T14:00"]],
    ["daily 02:00", ["2026-03-03T01:00", "2026-03-04T01:00"]],
    ["weekly sun 03:00", ["2026-03-08T02:00", "2026-03-15T02:00"]],
    ["monthly 1 04:00", ["2026-04-01T02:00", "2026-05-01T02:00"]],
    ["cron 30 9 * * mon", ["2026-03-09T08:30", "2026-03-16T08:30"]],
    ["Daily  02:00".replace("  ", " "), ["2026-03-03T01:00", "2026-03-04T01:00"]],
  ])("%s is due in the plan's time zone", (schedule, expected) => {
    expect(due(schedule, "2026-03-02T12:00:00Z", 2)).toEqual(expected);
  });

  it.each([
    "",
    "every",
    "every 0m",
    "every 1y",
    "daily",
    "daily 24:00",
    "weekly funday 03:00",
    "monthly 32 04:00",
    "cron x",
  ])("%j is refused with the forms that are known", (text) => {
    expect(() => parseSchedule(text)).toThrow(
      expect.objectContaining({ code: "usage", hint: expect.stringMatching(/daily 02:00/) }),
    );
  });
});

describe("daylight saving", () => {
  it("runs once when the hour is skipped: at the moment to which the clocks jump", () => {
    expect(due("daily 02:30", "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T01:30",
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(due("daily 02:30", "2026-03-07T12:00:00Z", 2, "America/New_York")).toEqual([
      "2026-03-08T07:00",
      "2026-03-09T06:30",
    ]);
  });

  it("runs once when the hour is repeated: the first time", () => {
    expect(due("daily 02:30", "2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T00:30", "2026-10-26T01:30"]);
    expect(due("daily 02:30", "2026-10-25T00:30:00Z", 1)).toEqual(["2026-10-26T01:30"]);
    expect(due("daily 02:30", "2026-10-25T01:10:00Z", 1)).toEqual(["2026-10-26T01:30"]);
  });

  it("runs every hour of such a day when it is hourly", () => {
    expect(due("hourly", "2026-10-24T23:30:00Z", 3)).toEqual([
      "2026-10-25T00:00",
      "2026-10-25T01:00",
      "2026-10-25T02:00",
    ]);
    expect(due("hourly", "2026-03-29T00:30:00Z", 2)).toEqual(["2026-03-29T01:00", "2026-03-29T02:00"]);
  });

  it.each(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC", "Asia/Kathmandu"])(
    "gives a daily run on every day of the years, in %s",
    (timezone) => {
      const dates = new Intl.DateTimeFormat("en-CA", { timeZone: timezone });
      for (const time of ["00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "23:59"]) {
        const timing = { schedule: `daily ${time}`, timezone, seed: "s" };
        const times = dueTimes(timing, { from: Date.UTC(2026, 0, 1, 18), count: 730 });
        const days = times.map((moment) => dates.format(moment));
        expect(new Set(days).size, `${time} in ${timezone}`).toBe(730);
        expect((at(days.at(-1) ?? "") - at(days[0] ?? "")) / 86_400_000).toBe(729);
      }
    },
  );
});

describe("jitter", () => {
  const timing = { schedule: "every 15m", timezone: "UTC", jitter: 5 * 60_000 };
  const from = Date.UTC(2026, 0, 1);

  it("is the same for one source, differs between sources, and stays within its bound", () => {
    const times = (seed: string) => dueTimes({ ...timing, seed }, { from, count: 200 });
    expect(times("db/orders")).toEqual(times("db/orders"));
    expect(times("db/orders")).not.toEqual(times("cache/carts"));
    const delays = times("db/orders").map((time) => time % (15 * 60_000));
    expect(Math.max(...delays)).toBeLessThan(5 * 60_000);
    expect(new Set(delays).size).toBeGreaterThan(150);
  });

  it("neither loses nor repeats a run, wherever one begins to look, even when it is longer than the interval", () => {
    const long = { ...timing, jitter: 40 * 60_000, seed: "db/orders" };
    const all = dueTimes(long, { from, until: from + 20 * 3_600_000 });
    expect(all.length).toBeGreaterThan(70);
    const random = seededRandom(7);
    for (let count = 0; count < 200; count++) {
      const after = from + random.below(19 * 3_600_000);
      expect(nextDue(long.schedule, long.timezone, after, long.seed, long.jitter)).toBe(
        all.find((time) => time > after),
      );
    }
  });

  it("is infinitely far for a schedule that is never due", () => {
    expect(nextDue("cron 0 0 31 2 *", "UTC", from, "s")).toBe(Number.POSITIVE_INFINITY);
    expect(dueTimes({ schedule: "cron 0 0 31 2 *", timezone: "UTC", seed: "s" }, { from, count: 3 })).toEqual([]);
  });
});

describe("catching up", () => {
  const timing = { schedule: "daily 02:00", timezone: "UTC", seed: "s" };
  const missed = (lastDueAt: string, now: string, catchUp?: number) =>
    missedRun(timing, { lastDueAt: at(lastDueAt), now: at(now), catchUp });

  it("makes up for the latest of the missed runs only", () => {
    expect(missed("2026-01-01T02:00Z", "2026-01-05T12:00Z")).toBe(at("2026-01-05T02:00Z"));
  });

  it("does nothing when none was missed", () => {
    expect(missed("2026-01-05T02:00Z", "2026-01-05T12:00Z")).toBeUndefined();
  });

  it("makes up for a rare run after any silence, and gives up for one that is never due", () => {
    const yearly = { schedule: "cron 0 0 1 1 *", timezone: "UTC", seed: "s" };
    expect(missedRun(yearly, { lastDueAt: at("2020-01-01T00:00Z"), now: at("2026-11-05T12:00Z") })).toBe(
      at("2026-01-01T00:00Z"),
    );
    const never = { schedule: "cron 0 0 31 2 *", timezone: "UTC", seed: "s" };
    expect(missedRun(never, { lastDueAt: 0, now: at("2026-01-05T12:00Z") })).toBeUndefined();
  });

  it("leaves a run that is older than its window", () => {
    expect(missed("2026-01-04T02:00Z", "2026-01-05T12:00Z", 3_600_000)).toBeUndefined();
    expect(missed("2026-01-04T02:00Z", "2026-01-05T02:30Z", 3_600_000)).toBe(at("2026-01-05T02:00Z"));
  });

  it("finds the latest run of a frequent schedule after a long silence", () => {
    const frequent = { schedule: "every 1s", timezone: "UTC", seed: "s" };
    const now = at("2026-01-05T12:00:00Z") + 500;
    const state = { lastDueAt: now - 6 * 3_600_000, now, catchUp: 6 * 3_600_000 };
    expect(missedRun(frequent, state)).toBe(now - 500);
  });
});

describe("the longest gap", () => {
  it.each([
    [["every 15m"], 0.25],
    [["hourly"], 1],
    [["daily 02:00"], 25],
    [["daily 02:00", "daily 14:00"], 13],
    [["weekly sun 03:00"], 169],
    [["monthly 31 04:00"], 61 * 24 + 1],
    [["cron * * * * 1-5"], 48 + 1 / 60],
    [["cron */5 9-17 * * 1-5"], 63 + 5 / 60],
    [["cron */5 9-17 * * 1-5", "cron 0 12 * * 0,6"], 24],
    [["cron 0 0 31 2 *"], Number.POSITIVE_INFINITY],
  ])("of %j is %d hours", (schedules, hours) => {
    expect(longestGap(schedules, berlin) / 3_600_000).toBeCloseTo(hours, 6);
  });

  it("of one schedule is its interval", () => {
    expect(scheduleInterval("every 90s", berlin)).toBe(90_000);
  });
});
