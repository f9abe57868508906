import { describe, expect, it } from "vitest";
import { at, noon, sampleRecovery } from "../testing/samples.ts";
import { countdownOf, lossOf } from "./countdown.ts";

const after = (seconds: number) => noon + seconds * 1000;

describe("the time against the RTO", () => {
  it("is counted down from the failure, not from the start", () => {
    const recovery = sampleRecovery({ failureAt: at(-30) });
    expect(countdownOf(recovery, after(10))).toEqual({ tone: "busy", clock: "1:20", text: "left of the RTO of 2m" });
  });

  it("warns in its last fifth, and counts up once it is missed", () => {
    expect(countdownOf(sampleRecovery(), after(100))).toMatchObject({ tone: "warn", clock: "0:20" });
    expect(countdownOf(sampleRecovery(), after(125))).toEqual({
      tone: "bad",
      clock: "+0:05",
      text: "over the RTO of 2m",
    });
  });

  it("stands once it is measured, whatever the time is", () => {
    const met = sampleRecovery({ state: "succeeded", finishedAt: at(12), achieved: { rtoMs: 12_000, tiers: [] } });
    expect(countdownOf(met, after(9999))).toEqual({ tone: "good", clock: "12s", text: "within the RTO of 2m" });
    const missed = { ...met, achieved: { rtoMs: 180_000, tiers: [] } };
    expect(countdownOf(missed, after(9999))).toMatchObject({ tone: "bad", text: "over the RTO of 2m" });
  });

  it("stops at a bad end, and says that not all is back", () => {
    const failed = sampleRecovery({ state: "failed", finishedAt: at(40) });
    expect(countdownOf(failed, after(9999))).toEqual({ tone: "bad", clock: "0:40", text: "failed; not all is back" });
  });

  it("is only counted where no objective is set", () => {
    expect(countdownOf(sampleRecovery({ objectives: {} }), after(61))).toMatchObject({ tone: "quiet", clock: "1:01" });
  });
});

describe("the data that was lost", () => {
  it("is unknown before anything is restored, and is held against the RPO afterwards", () => {
    expect(lossOf(sampleRecovery())).toBeUndefined();
    const recovery = sampleRecovery({ achieved: { rpoMs: 660_000, tiers: [] } });
    expect(lossOf(recovery)).toEqual({ tone: "bad", clock: "11m", text: "of data lost, over the RPO of 10m" });
    expect(lossOf({ ...recovery, objectives: { rpoMs: 660_000 } })).toMatchObject({ tone: "good" });
  });
});
