import type { ApiRecovery } from "@muster/protocol";
import { describe, expect, it } from "vitest";
import { recoveryOutcome } from "../recovery-outcome.ts";
import { previewText } from "./preview.ts";
import { recoveryLines } from "./recovery.ts";
import { recoveryEndText } from "./recovery-end.ts";
import { now, sampleRecovery } from "./sample.ts";
import { createStyle } from "./style.ts";

const style = createStyle(false);

describe("a recovery on the screen", () => {
  it("shows totals, what is done in a line, what is under way step by step, and what is to come in a line", () => {
    expect(recoveryLines(sampleRecovery(), { style, now }).join("\n")).toMatchInlineSnapshot(`
      "RECOVERY rec_1  ████░░░░░░░░░░░░░░░░  running · 4m · forecast 14m · RTO 1h
      ✓ Stop  1 of 1 in 30s
      ▸ Tier 1: Data  0 of 3
        ▸ ◆ restore orders        db-1  3m 30s / 5m  attempt 2  ████░░░░░░░░░░░░  25%  500 MB of 2.00 GB  loading
        ✗   restore roles         db-1  30s  no room on /srv
        · ◆ wait until up passes  db-1
      · Tier 2  1 step"
    `);
  });

  it("says of a silent host that its work is not given up", () => {
    const steps = sampleRecovery().steps.map((step) =>
      step.state === "running" ? { ...step, state: "unknown" as const } : step,
    );
    const text = recoveryLines(sampleRecovery({ steps }), { style, now }).join("\n");
    expect(text).toContain("? ◆ restore orders");
    expect(text).toContain("db-1 is silent; its work is not given up");
  });

  it("is shown whole before it begins", () => {
    expect(previewText(sampleRecovery(), style)).toMatchInlineSnapshot(`
      "RECOVERY of shop, version 3
      target latest · RTO 1h · RPO 30m · forecast 14m

      SOURCE     MOMENT                AGE     SIZE  HOST         POINT
      db/orders  2026-03-02 11:50:00Z  10m  2.00 GB  db-1 → db-2  p1
      db/roles   2026-03-02 11:51:00Z   9m  1.00 kB  db-1         p2
      The moments lie 1m apart.

      Stop
        ◆ stop db (stop-db)      db-1
      Tier 1: Data
        ◆ restore orders         db-1  5m
          restore roles          db-1
        ◆ wait until up passes   db-1
      Tier 2
        ◆ start web (start-web)  web-1
      ◆ on the critical path"
    `);
  });

  it("shows the last words of an action that failed", () => {
    const output = "one\n\u001b[31mtwo\u001b[0m\nthree\nfour\nfive\nsix\n";
    const steps = sampleRecovery().steps.map((step) =>
      step.error === undefined ? step : { ...step, error: { ...step.error, details: { exitCode: 3, output } } },
    );
    const text = recoveryEndText(sampleRecovery({ steps, state: "failed" }), style);
    expect(text).toContain("    | two\n    | three\n    | four\n    | five\n    | six\n");
    expect(text).not.toContain("| one");
  });

  it("ends with what was measured, and what can be done", () => {
    const achieved = { rtoMs: 4_000_000, rpoMs: 600_000, tiers: [{ tier: 1, rtoMs: 500_000 }, { tier: 2 }] };
    const ended = sampleRecovery({ state: "failed", finishedAt: "2026-03-02T12:20:00Z", aside: "kept", achieved });
    expect(recoveryEndText(ended, style)).toMatchInlineSnapshot(`
      "Recovery rec_1: failed after 14m
        back after   8m 20s  tier 1 (Data)
        actual RTO   1h 6m MISSED (objective 1h)
        actual RPO   10m met (objective 30m)
      failed: db/restore/roles: no room on /srv
          Free space.
      What was replaced, if anything, is kept aside.
      Try it again:   muster recoveries retry rec_1 db/restore/roles
      Put the old data back:   muster recoveries rollback rec_1"
    `);
  });
});

it("says that the plan has to follow a service to another host", () => {
  const moves = [{ service: "db", from: "db-1", to: "db-2" }];
  const text = recoveryEndText(sampleRecovery({ state: "succeeded", moves }), style);
  expect(text).toContain("db is on db-2 now, and the plan still says db-1. Set host: db-2 in the plan and apply it.");
  expect(recoveryEndText(sampleRecovery({ state: "failed", moves }), style)).not.toContain("Set host");
});

describe("a recovery that was cancelled", () => {
  const cancelled = (aside: ApiRecovery["aside"], restore?: string, asideId?: string) => {
    const error = { code: "cancelled", message: "cancelled", hint: "", retryable: false, details: { restore } };
    const steps = sampleRecovery().steps.map((step): ApiRecovery["steps"][number] => {
      if (step.kind !== "restore") return step;
      if (asideId !== undefined) return { ...step, state: "succeeded", result: { asideId } };
      return { ...step, attempt: 1, state: "cancelled", error };
    });
    return recoveryEndText(sampleRecovery({ state: "cancelled", aside, steps }), style);
  };

  it("says what it has left behind, by what was done", () => {
    expect(cancelled("kept", undefined, "rec_1-orders")).toContain(
      "What was replaced is kept aside.\nPut the old data back:",
    );
    expect(cancelled("kept")).toContain("What was replaced, if anything, is kept aside.");
    const staged = cancelled("kept", "staged");
    expect(staged).toContain("Nothing was replaced; what was staged still takes room.\nRemove it, and start again");
    expect(staged).not.toContain("old data");
    expect(cancelled("none", "untouched")).not.toContain("kept aside");
  });
});

describe("the outcome of a recovery", () => {
  const achieved = (rtoMs: number, rpoMs: number) => ({ rtoMs, rpoMs, tiers: [] });
  it.each([
    ["ok", { state: "succeeded", achieved: achieved(1000, 1000) }],
    ["objective-missed", { state: "succeeded", achieved: achieved(4_000_000, 1000) }],
    ["objective-missed", { state: "succeeded", achieved: achieved(1000, 2_000_000) }],
    ["ok", { state: "succeeded", achieved: achieved(1000, 2_000_000), target: "2026-03-02T10:00:00Z" }],
    ["partial", { state: "completed_with_exceptions" }],
    ["approval-pending", { state: "awaiting_approval" }],
    ["findings", { state: "failed", startedAt: undefined }],
    ["failed", { state: "failed" }],
    ["failed", { state: "cancelled" }],
  ] as const)("is %s", (outcome, changes) => expect(recoveryOutcome(sampleRecovery(changes))).toBe(outcome));
});
