import { MusterError, systemClock } from "@muster/core";
import { expect, it } from "vitest";
import { type GateRequest, passGate } from "./gate.ts";

const request: GateRequest = { probes: ["a"], interval: 5, successes: 2, deadline: 1000, stability: 0 };

function run(answers: boolean[], changes: Partial<GateRequest> = {}, signal = new AbortController().signal) {
  let next = 0;
  return passGate(
    { ...request, ...changes },
    {
      signal,
      clock: systemClock,
      progress: () => undefined,
      check: async () => {
        const passed = answers[Math.min(next++, answers.length - 1)] ?? false;
        return { passed, message: passed ? "ok" : `down ${next}`, latencyMs: 1, checkedAt: 0 };
      },
    },
  );
}

it("wants passes in a row: a failure between begins anew", async () => {
  expect((await run([true, false, true, true])).rounds).toBe(4);
  expect((await run([true, true])).rounds).toBe(2);
});

it("wants the probes to keep passing through the stability window", async () => {
  const began = systemClock.now();
  const { healthySince } = await run([false, true], { successes: 1, stability: 60 });
  expect(systemClock.now() - began).toBeGreaterThanOrEqual(60);
  expect(healthySince - began).toBeLessThan(60);
});

it("fails at its deadline with the last message", async () => {
  await expect(run([false], { deadline: 40 })).rejects.toMatchObject({
    code: "gate-failed",
    message: expect.stringMatching(/a: down \d+$/),
  });
});

it("ends with the reason of an abort", async () => {
  const reason = new MusterError("cancelled", "by the operator");
  const controller = new AbortController();
  const running = run([false], {}, controller.signal);
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
});
