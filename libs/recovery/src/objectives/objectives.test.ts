import { describe, expect, it } from "vitest";
import { startedDrive } from "../testing/drive.ts";
import { minute, noon } from "../testing/shop.ts";
import { achieved } from "./achieved.ts";
import { exposure, exposureSince, worstExposure } from "./exposure.ts";

describe("exposure", () => {
  const rpo = 100_000;
  const at = (age: number) => ({ latestTakenAt: noon - age, now: noon, rpo });

  it("is the age of the newest point, and breached only past the RPO", () => {
    expect(exposure(at(80_000))).toEqual({ seconds: 80, state: "ok" });
    expect(exposure(at(80_001))).toMatchObject({ state: "at-risk" });
    expect(exposure(at(100_000))).toEqual({ seconds: 100, state: "at-risk" });
    expect(exposure(at(100_001))).toMatchObject({ state: "breached" });
  });

  it("is unprotected, and no number, without a point", () => {
    expect(exposure({ now: noon, rpo })).toEqual({ state: "unprotected" });
  });

  it("is never negative when a host's clock runs ahead", () => {
    expect(exposure(at(-5000))).toEqual({ seconds: 0, state: "ok" });
  });

  it("is no breach where nobody asked for an RPO", () => {
    expect(exposure({ latestTakenAt: 0, now: noon }).state).toBe("ok");
  });

  it("says since when it has been so", () => {
    expect(exposureSince(at(150_000))).toBe(noon - 50_000);
    expect(exposureSince(at(90_000))).toBe(noon - 10_000);
    expect(exposureSince(at(10_000))).toBe(noon - 10_000);
    expect(exposureSince({ now: noon, rpo })).toBeUndefined();
  });

  it("of a service is that of its worst source, and no number when one source is unprotected", () => {
    const [old, fresh] = [exposure(at(150_000)), exposure(at(1000))];
    expect(worstExposure([fresh, old])).toEqual({ seconds: 150, state: "breached" });
    expect(worstExposure([fresh, { state: "unprotected" }])).toEqual({ seconds: undefined, state: "unprotected" });
    expect(worstExposure([])).toEqual({ seconds: undefined, state: "ok" });
  });
});

describe("what a recovery achieved", () => {
  it("is measured from the failure to the last step of each tier", () => {
    const run = startedDrive();
    run.finish(["shop/gate"]);
    const halfway = achieved(run.run);
    expect(halfway.rto).toBeUndefined();
    expect(halfway.tiers.map(({ tier, rto }) => [tier, rto !== undefined])).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
    run.finish();
    const { rto, tiers } = achieved(run.run);
    const last = run.run.steps["front/open"]?.finishedAt ?? 0;
    expect(rto).toBe(last - (noon - minute));
    expect(tiers.at(-1)).toEqual({ tier: 3, rto });
    expect(tiers[0]?.rto).toBeLessThan(tiers[1]?.rto ?? 0);
  });

  it("is the largest loss over the sources that were restored, and their spread", () => {
    const run = startedDrive();
    run.finish(["shop/restore/receipts"]);
    // The points lie one to four minutes before noon, the failure one minute; the oldest is not restored yet.
    expect(achieved(run.run)).toMatchObject({ rpo: 2 * minute, spread: 2 * minute });
    run.finish();
    expect(achieved(run.run)).toMatchObject({ rpo: 3 * minute, spread: 3 * minute });
  });

  it("counts from the declaration when the failure's moment is not known", () => {
    const run = startedDrive();
    run.finish();
    expect(achieved({ ...run.run, failureAt: undefined }).rto).toBe((achieved(run.run).rto ?? 0) - minute);
  });

  it("is nothing for what was not measured", () => {
    expect(achieved(startedDrive().run)).toMatchObject({ rto: undefined, rpo: undefined, spread: undefined });
  });
});
