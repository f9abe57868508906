import { describe, expect, it } from "vitest";
import { drive, startedDrive } from "../testing/drive.ts";
import { noon, planOf, recoveryOf, runOf, shopText } from "../testing/shop.ts";
import { transition } from "./transition.ts";

const approved = () => drive(runOf(recoveryOf(planOf(), { scenario: "all" })));
const problem = { severity: "error" as const, code: "x", subject: "db-1", message: "offline", hint: "Start it." };

describe("before a recovery starts", () => {
  it("is checked first, and starts by itself when nothing needs an approval", () => {
    const run = drive();
    expect(run.send({ type: "check" })).toEqual([{ type: "check" }]);
    run.send({ type: "checked", findings: [{ ...problem, severity: "warning" }] });
    expect(run.run).toMatchObject({ state: "running", findings: [{ severity: "warning" }] });
    expect(run.live()).toEqual(["front/stop"]);
  });

  it("fails, and touches nothing, when the checks find an error", () => {
    const run = drive();
    run.send({ type: "check" });
    expect(run.send({ type: "checked", findings: [problem] })).toEqual([{ type: "releaseTargets" }]);
    expect(run.run).toMatchObject({ state: "failed", aside: "none" });
    expect(run.tries({ type: "retry", step: "front/stop" })).toBe("conflict");
    expect(run.tries({ type: "rollBack" })).toBe("conflict");
  });

  it("is checked again when somebody has mended what the checks found", () => {
    const run = drive();
    run.send({ type: "check" });
    run.send({ type: "checked", findings: [problem] });
    expect(run.send({ type: "check" })).toEqual([{ type: "check" }]);
    expect(run.run).toMatchObject({ state: "checking", findings: [] });
    run.send({ type: "checked", findings: [] });
    expect(run.run.state).toBe("running");
    expect(run.tries({ type: "check" })).toBe("conflict");
  });

  it("waits for an approval of exactly this plan", () => {
    const run = approved();
    run.send({ type: "check" });
    run.send({ type: "checked", findings: [] });
    expect(run.run.state).toBe("awaiting_approval");
    expect(run.tries({ type: "approve", by: "user:bob", hash: "another" })).toBe("approval-void");
    expect(run.live()).toEqual([]);
    run.send({ type: "approve", by: "user:bob", hash: "hash" });
    expect(run.run).toMatchObject({ state: "running", approval: { by: "user:bob", hash: "hash" } });
  });

  it("can be cancelled at once", () => {
    const run = approved();
    expect(run.send({ type: "cancel", by: "user:ann" })).toEqual([{ type: "releaseTargets" }]);
    expect(run.run).toMatchObject({ state: "cancelled", cancelledBy: "user:ann" });
  });
});

describe("a recovery that goes well", () => {
  it("dispatches step after step, is verifying at the last gates, and ends", () => {
    const run = startedDrive();
    run.finish(["db/restore/orders"]);
    expect(run.live()).toEqual(["db/restore/orders"]);
    expect(run.state("shop/restore/receipts")).toBe("pending");
    run.finish(["front/gate"]);
    expect(run.run.state).toBe("verifying");
    run.finish();
    expect(run.run).toMatchObject({ state: "succeeded", aside: "kept" });
    expect(run.effects.at(-1)).toEqual({ type: "releaseTargets" });
  });

  it("gives a host no more steps at a time than the plan allows", () => {
    const text = shopText.replace("services:\n", "limits: { stepsPerHost: 1 }\nservices:\n");
    const run = startedDrive(runOf(recoveryOf(planOf(text))));
    run.finish(["db/restore/orders"]);
    expect(run.live()).toEqual(["db/restore/orders"]);
    expect(run.state("db/restore/settings")).toBe("pending");
    run.succeed("db/restore/orders");
    expect(run.live()).toEqual(["db/restore/settings"]);
  });

  it("takes no notice of repeats, and of late words of an older attempt", () => {
    const run = startedDrive();
    run.finish(["db/restore/orders"]);
    const late = { type: "failed", step: "db/restore/orders", attempt: 1, at: noon } as const;
    const error = { code: "host-offline", message: "gone", hint: "", retryable: true };
    run.send({ ...late, error });
    const before = run.run;
    expect(before.steps["db/restore/orders"]).toMatchObject({ state: "dispatched", attempt: 2 });
    expect(run.send({ ...late, error })).toEqual([]);
    expect(run.send({ type: "succeeded", step: "db/restore/orders", attempt: 1, at: noon })).toEqual([]);
    expect(run.send({ type: "succeeded", step: "cache/stop", attempt: 1, at: noon })).toEqual([]);
    expect(run.run).toEqual(before);
  });

  it("refuses words of a step that it does not have", () => {
    const run = startedDrive();
    expect(run.tries({ type: "started", step: "x/y", attempt: 1, at: noon })).toBe("not-found");
  });
});

describe("failure", () => {
  it("tries a retryable step three times, each after a longer wait, then fails", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts"]);
    const waits = [1, 2, 3].map(() => {
      const [effect] = run.fail("cache/restore/carts", { retryable: true });
      return effect?.type === "dispatch" ? [effect.attempt, (effect.notBefore ?? 0) > noon] : effect?.type;
    });
    expect(waits).toEqual([[2, true], [3, true], "releaseTargets"]);
    expect(run.run.state).toBe("failed");
  });

  it("holds up what depends on the step, and the next tier, but no independent branch", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts", "db/restore/orders"]);
    run.fail("cache/restore/carts");
    expect(run.run.state).toBe("running");
    run.finish();
    expect(run.state("db/gate")).toBe("succeeded");
    expect(run.state("cache/start")).toBe("pending");
    expect(run.state("shop/restore/receipts")).toBe("pending");
    expect(run.run).toMatchObject({ state: "failed", aside: "kept" });
  });

  it("goes on after a retry by hand", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts"]);
    run.fail("cache/restore/carts");
    run.send({ type: "retry", step: "cache/restore/carts" });
    expect(run.run).toMatchObject({ state: "running", finishedAt: undefined });
    run.finish();
    expect(run.run.state).toBe("succeeded");
    expect(run.run.steps["cache/restore/carts"]?.attempt).toBe(2);
  });

  it("ends with exceptions when a step was skipped, and keeps who did it and why", () => {
    const run = startedDrive();
    run.finish(["cache/gate"]);
    run.fail("cache/gate", { retryable: true });
    expect(run.tries({ type: "skip", step: "db/gate", by: "user:ann", reason: "no" })).toBe("conflict");
    run.send({ type: "skip", step: "cache/gate", by: "user:ann", reason: "probe is wrong" });
    run.finish();
    expect(run.run.state).toBe("completed_with_exceptions");
    expect(run.run.steps["cache/gate"]?.skipped).toEqual({ by: "user:ann", reason: "probe is wrong" });
  });

  it("does not skip, with a step ahead of its turn, what that step was to wait for", () => {
    const run = startedDrive();
    run.send({ type: "skip", step: "shop/stop", by: "user:ann", reason: "it is down" });
    expect(run.live()).toEqual(["front/stop"]);
    run.succeed("front/stop");
    expect(run.live()).toEqual(["cache/stop", "db/fence"]);
  });

  it("treats a step that its agent gave up as failed, so that it can be retried", () => {
    const run = startedDrive();
    run.fail("front/stop", { code: "cancelled" });
    expect(run.run.state).toBe("failed");
    run.send({ type: "retry", step: "front/stop" });
    expect(run.live()).toEqual(["front/stop"]);
  });
});

describe("silent agents", () => {
  it("makes their steps unknown, never failed, and takes up the thread when they answer", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts"]);
    expect(run.send({ type: "silent", host: "cache-1" })).toEqual([]);
    expect(run.state("cache/restore/carts")).toBe("unknown");
    expect(run.run.state).toBe("running");
    expect(run.send({ type: "answered", host: "cache-1" })).toEqual([]);
    expect(run.state("cache/restore/carts")).toBe("running");
    run.finish();
    expect(run.run.state).toBe("succeeded");
  });

  it("lets a person give up the step of a lost host, and tells that host to stop if it returns", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts"]);
    run.send({ type: "silent", host: "cache-1" });
    const effects = run.send({ type: "skip", step: "cache/restore/carts", by: "user:ann", reason: "the host burnt" });
    expect(effects).toContainEqual({ type: "cancelStep", step: "cache/restore/carts", attempt: 1, host: "cache-1" });
    expect(run.succeed("cache/restore/carts")).toEqual([]);
    expect(run.state("cache/restore/carts")).toBe("skipped");
  });
});

describe("pausing", () => {
  it("lets what is in hand end, and starts nothing until it is resumed", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts", "db/prepare"]);
    run.send({ type: "pause" });
    expect(run.tries({ type: "pause" })).toBe("conflict");
    expect(run.succeed("db/prepare")).toEqual([]);
    expect(run.live()).toEqual(["cache/restore/carts"]);
    run.send({ type: "resume" });
    expect(run.live()).toEqual(["cache/restore/carts", "db/restore/orders", "db/restore/settings"]);
  });

  it("keeps the attempts that are left of a step which fails meanwhile", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts"]);
    run.send({ type: "pause" });
    run.fail("cache/restore/carts", { retryable: true });
    expect(run.run.state).toBe("paused");
    expect(run.send({ type: "resume" })).toMatchObject([{ type: "dispatch", step: "cache/restore/carts", attempt: 2 }]);
  });
});

describe("stopping early", () => {
  it("asks the agents to stop what is in hand, and ends when they have", () => {
    const run = startedDrive();
    run.finish(["cache/restore/carts", "db/restore/orders"]);
    const effects = run.send({ type: "cancel", by: "user:ann", reason: "wrong target" });
    expect(effects.map((effect) => effect.type)).toEqual(["cancelStep", "cancelStep"]);
    expect(run.send({ type: "cancel", by: "user:ann" })).toEqual([]);
    run.fail("cache/restore/carts", { code: "cancelled" });
    expect(run.run.state).toBe("running");
    run.succeed("db/restore/orders");
    expect(run.run).toMatchObject({ state: "cancelled", aside: "kept", reason: "wrong target" });
    expect(run.state("shop/gate")).toBe("cancelled");
  });

  it.each([
    ["nothing", "untouched", []],
    ["what was staged", "staged", ["rollback/cache/restore/carts"]],
  ] as const)("has %s to put back when a restore says that it is %s", (_, restore, ids) => {
    const run = startedDrive();
    run.finish(["cache/restore/carts", "db/restore/orders", "db/restore/settings"]);
    run.send({ type: "cancel", by: "user:ann" });
    run.fail("cache/restore/carts", { code: "cancelled", details: { restore } });
    for (const id of run.live()) run.fail(id, { code: "cancelled", details: { restore: "untouched" } });
    expect(run.run).toMatchObject({ state: "cancelled", aside: ids.length === 0 ? "none" : "kept" });
    run.send({ type: "rollBack" }); // starts again what was stopped
    const aside = run.run.asideSteps?.filter(({ work }) => work.kind === "aside");
    expect(aside?.map(({ id }) => id)).toEqual(ids);
  });

  it("ends as timed out at its deadline", () => {
    const run = startedDrive();
    run.send({ type: "deadline" });
    run.succeed("front/stop");
    expect(run.run.state).toBe("timed_out");
    expect(run.tries({ type: "deadline" })).toBe("conflict");
  });
});

describe("an event that does not fit", () => {
  it("is refused and changes nothing", () => {
    const run = runOf();
    for (const type of ["pause", "resume", "accept", "rollBack", "deadline"] as const) {
      const result = transition(run, { type }, noon);
      expect(result.refused?.code, type).toBe("conflict");
      expect(result.refused?.message).toContain("recovery run-1 is draft");
      expect(result.run).toBe(run);
    }
  });
});
