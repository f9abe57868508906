import { describe, expect, it } from "vitest";
import { at, noon, sampleRecovery, sampleStep } from "../testing/samples.ts";
import { doneOf, lastWordsOf, progressText, recoveryState, timeText, wavesOf, waveTone } from "./steps.ts";

const stop = sampleStep({ id: "site/stop", phase: "stop", state: "succeeded", tier: 2 });
const restore = sampleStep({ state: "running" });
const start = sampleStep({ id: "site/start", phase: "start", tier: 2 });
const back = sampleStep({ id: "rollback/site/restore/pages", state: "succeeded" });
const tiers = [
  { tier: 1, name: "Web" },
  { tier: 2, name: "Tier 2" },
  { tier: 3, name: "Empty" },
];

describe("the waves", () => {
  it("are what is stopped first, each tier with steps, and the way back", () => {
    const waves = wavesOf({ steps: [back, start, restore, stop], tiers });
    expect(waves.map(({ title, steps }) => [title, steps.map(({ id }) => id)])).toEqual([
      ["First · Stop", ["site/stop"]],
      ["Tier 1 · Web", ["site/restore/pages"]],
      ["Tier 2", ["site/start"]],
      ["Roll back", ["rollback/site/restore/pages"]],
    ]);
  });

  it("have the tone of their worst step, and are good only when all is done", () => {
    const tone = (...states: (typeof stop.state)[]) =>
      waveTone({ steps: states.map((state) => sampleStep({ state })) });
    expect(tone("succeeded", "failed", "running")).toBe("bad");
    expect(tone("succeeded", "running", "pending")).toBe("busy");
    expect(tone("succeeded", "pending")).toBe("quiet");
    expect(tone("succeeded", "skipped")).toBe("warn");
    expect(tone("succeeded", "succeeded")).toBe("good");
  });

  it("are counted without the way back", () => {
    expect(doneOf({ steps: [stop, restore, start, back], tiers })).toEqual({ done: 1, total: 3 });
  });
});

describe("a step", () => {
  it("shows the time it took, takes, or is expected to take", () => {
    const now = noon + 5000;
    expect(timeText(sampleStep({ startedAt: at(0), finishedAt: at(2) }), now)).toBe("2s");
    expect(timeText(sampleStep({ startedAt: at(0) }), now)).toBe("5s");
    expect(timeText(sampleStep({ forecastMs: 1500 }), now)).toBe("~1.5s");
    expect(timeText(sampleStep(), now)).toBe("");
  });

  it("shows its progress in its own unit", () => {
    const progress = (done: number, total: number, unit: string, note?: string) =>
      progressText(sampleStep({ progress: { done, total, unit, ...(note === undefined ? {} : { note }) } }));
    expect(progress(1_200_000, 5_740_000, "bytes", "tables")).toBe("1.20 MB of 5.74 MB, tables");
    expect(progress(1, 3, "probes", "")).toBe("1 of 3 probes");
    expect(progress(7, 0, "items")).toBe("7 items");
    expect(progressText(sampleStep())).toBeUndefined();
  });
});

it("has the last words of an action that failed", () => {
  const failed = (details: Record<string, unknown>) =>
    lastWordsOf(sampleStep({ error: { code: "action-failed", message: "", hint: "", details } }));
  const output = "one\n\u001b[31mtwo\u001b[0m\nthree\nfour\nfive\nsix\n";
  expect(failed({ exitCode: 3, output })).toBe("two\nthree\nfour\nfive\nsix");
  expect(failed({ exitCode: 3, output: " \n" })).toBeUndefined();
  expect(failed({ exitCode: 3 })).toBeUndefined();
});

it("calls a recovery by what is being done with what it kept, over the state that it ended in", () => {
  expect(recoveryState(sampleRecovery({ state: "succeeded", aside: "rolling_back" }))).toEqual({
    ...{ tone: "busy", text: "rolling back" },
  });
  expect(recoveryState(sampleRecovery({ state: "completed_with_exceptions", aside: "kept" }))).toEqual({
    ...{ tone: "warn", text: "completed with exceptions" },
  });
});
