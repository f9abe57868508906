import type { ApiRecovery } from "@muster/protocol";
import { describe, expect, it } from "vitest";
import { sampleRecovery, sampleStep } from "../testing/samples.ts";
import { actsOf, stepActsOf } from "./acts.ts";

const verbs = (changes: Partial<ApiRecovery>) => actsOf(sampleRecovery(changes)).map(({ verb }) => verb);

describe("what can be done with a recovery", () => {
  it.each<[Partial<ApiRecovery>, string[]]>([
    [{ state: "checking" }, ["cancel"]],
    [{ state: "awaiting_approval" }, ["approve", "cancel"]],
    [{ state: "running" }, ["pause", "cancel"]],
    [{ state: "paused" }, ["resume", "cancel"]],
    [{ state: "succeeded", aside: "kept" }, ["accept", "roll-back"]],
    [{ state: "succeeded", aside: "rolling_back" }, []],
    [{ state: "succeeded", aside: "accepted" }, []],
    [{ state: "failed", aside: "kept" }, ["roll-back"]],
    [{ state: "failed" }, []],
    [{ state: "cancelled", steps: [sampleStep({ phase: "stop", state: "succeeded" })] }, ["roll-back"]],
    [{ state: "rolled_back", aside: "rolled_back" }, []],
  ])("in %j", (changes, wanted) => {
    expect(verbs(changes)).toEqual(wanted);
  });

  it("is another round of checks when these failed", () => {
    const { startedAt: _, ...unstarted } = sampleRecovery({ state: "failed" });
    expect(actsOf(unstarted).map(({ verb, body }) => [verb, body(undefined)])).toEqual([["retry", {}]]);
  });

  it("has the plan's name typed before anything is lost", () => {
    const acts = actsOf(sampleRecovery({ state: "succeeded", aside: "kept" }));
    expect(acts.map(({ question }) => question.typed)).toEqual(["web", "web"]);
    expect(actsOf(sampleRecovery({ state: "running" })).every(({ question }) => question.typed === undefined)).toBe(
      true,
    );
  });

  it("approves exactly the hash that was shown", () => {
    const [approve] = actsOf(sampleRecovery({ state: "awaiting_approval", hash: "shown" }));
    expect(approve?.body(undefined)).toEqual({ hash: "shown" });
  });
});

describe("what can be done with a step", () => {
  const failed = sampleStep({ state: "failed" });

  it("is a retry or a skip with a reason when it failed", () => {
    const acts = stepActsOf({ state: "failed" }, failed);
    expect(acts.map(({ verb }) => verb)).toEqual(["retry", "skip"]);
    expect(acts.map(({ question }) => question.reason)).toEqual([undefined, "required"]);
    expect(acts.map(({ body }) => body("by hand"))).toEqual([
      { step: failed.id },
      { step: failed.id, reason: "by hand" },
    ]);
  });

  it("is a skip when its agent is silent, and nothing when it goes well or the recovery is over", () => {
    expect(stepActsOf({ state: "running" }, sampleStep({ state: "unknown" })).map(({ verb }) => verb)).toEqual([
      "skip",
    ]);
    expect(stepActsOf({ state: "running" }, sampleStep({ state: "running" }))).toEqual([]);
    expect(stepActsOf({ state: "cancelled" }, failed)).toEqual([]);
  });

  it("says what skipping a gate means", () => {
    const [, skip] = stepActsOf({ state: "failed" }, { ...failed, kind: "gate" });
    expect(skip?.question.text).toContain("nothing will have proven that the service is back");
  });
});
