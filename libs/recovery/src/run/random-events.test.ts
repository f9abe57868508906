import { describe, expect, it } from "vitest";
import { type SeededRandom, seededRandom } from "../testing/random.ts";
import { noon, planOf, recoveryOf, runOf, shopText } from "../testing/shop.ts";
import type { Effect, RunEvent, Transition } from "./events.ts";
import type { Run, RunState, StepPlan } from "./model.ts";
import { allSteps, isDone, isLive, stepRun } from "./steps.ts";
import { transition } from "./transition.ts";

const ended: ReadonlySet<RunState> = new Set([
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
  "rolled_back",
]);

/** States that only these events leave; from the rest of the ends nothing leads on but accepting and rolling back. */
const reopens: ReadonlySet<RunEvent["type"]> = new Set(["retry", "skip", "check"]);

/** One event in so many is a request; the rarer requests are, the further a run gets. */
function randomEvent(random: SeededRandom, run: Run, calm: number): RunEvent {
  const steps = allSteps(run);
  const inHand = steps.filter(({ id }) => isLive(stepRun(run, id).state));
  const { id, host } = inHand.length > 0 && random.below(8) > 0 ? random.pick(inHand) : random.pick(steps);
  const attempt = Math.max(0, stepRun(run, id).attempt - (random.below(10) === 0 ? 1 : 0));
  const error = {
    code: random.pick(["internal", "cancelled"]),
    message: "m",
    hint: "h",
    retryable: random.below(2) === 0,
  };
  const told: RunEvent[] = [
    { type: "started", step: id, attempt, at: noon },
    { type: "progress", step: id, attempt, progress: { done: 1, total: 2, unit: "bytes" } },
    { type: "succeeded", step: id, attempt, at: noon, result: { asideId: random.pick(["", "a"]) } },
    { type: "failed", step: id, attempt, at: noon, error },
  ];
  const asked: RunEvent[] = [
    { type: "check" },
    { type: "checked", findings: [] },
    { type: "approve", by: "user:bob", hash: random.pick(["hash", "other"]) },
    { type: "silent", host },
    { type: "answered", host },
    { type: "pause" },
    { type: "resume" },
    { type: "resume" },
    { type: "retry", step: id },
    { type: "retry", step: id },
    { type: "skip", step: id, by: "user:ann", reason: "r" },
    { type: "accept" },
    { type: "rollBack" },
    ...(random.below(6) === 0 ? [{ type: "cancel" as const, by: "user:ann" }, { type: "deadline" as const }] : []),
  ];
  if (inHand.length === 0 || random.below(calm) === 0) return random.pick(asked);
  return random.below(calm) === 0 ? random.pick(told) : random.pick(told.slice(0, 3));
}

function dispatches(effects: readonly Effect[]): Extract<Effect, { type: "dispatch" }>[] {
  return effects.flatMap((effect) => (effect.type === "dispatch" ? [effect] : []));
}

function checkDispatches(run: Run, effects: readonly Effect[]): void {
  const byId = new Map<string, StepPlan>(allSteps(run).map((step) => [step.id, step]));
  for (const { step: id, attempt, host } of dispatches(effects)) {
    const step = byId.get(id);
    expect(step?.host).toBe(host);
    expect(stepRun(run, id)).toMatchObject({ state: "dispatched", attempt });
    for (const other of step?.after ?? [])
      expect(isDone(stepRun(run, other).state), `${other} before ${id}`).toBe(true);
    if (step?.phase === "stop" || run.asideSteps !== undefined) continue;
    const earlier = run.plan.steps.filter(({ tier, phase }) => phase === "stop" || tier < (step?.tier ?? 0));
    for (const other of earlier) expect(isDone(stepRun(run, other.id).state), `${other.id} before ${id}`).toBe(true);
  }
}

function checkLoad(run: Run): void {
  const load = new Map<string, number>();
  for (const { id, host } of allSteps(run))
    if (isLive(stepRun(run, id).state)) load.set(host, (load.get(host) ?? 0) + 1);
  for (const [host, count] of load) expect(count, host).toBeLessThanOrEqual(run.plan.stepsPerHost);
}

/** What must hold of any step from one state to the next. */
function checkTransition(before: Run, event: RunEvent, result: Transition): void {
  const { run, effects, refused } = result;
  if (refused !== undefined) {
    expect(run).toBe(before);
    expect(effects).toEqual([]);
    return;
  }
  checkDispatches(run, effects);
  checkLoad(run);
  if (before.state === "rolled_back") expect(run).toEqual(before);
  if (ended.has(before.state) && run.state !== before.state)
    expect(run.state === "rolled_back" || (before.state === "failed" && reopens.has(event.type))).toBe(true);
  if (ended.has(run.state)) expect(run.plan.steps.filter(({ id }) => isLive(stepRun(run, id).state))).toEqual([]);
  for (const { id } of allSteps(before)) {
    expect(stepRun(run, id).attempt).toBeGreaterThanOrEqual(stepRun(before, id).attempt);
    expect(stepRun(run, id).attempt).toBeLessThanOrEqual(stepRun(before, id).attempt + 1);
    if (isDone(stepRun(before, id).state)) expect(stepRun(run, id)).toEqual(stepRun(before, id));
    // A step in hand gets no second attempt before the first has ended.
    if (isLive(stepRun(before, id).state) && event.type !== "failed")
      expect(stepRun(run, id).attempt).toBe(stepRun(before, id).attempt);
  }
}

/** What an agent says once more, after the state has taken it in, changes nothing and dispatches nothing. */
function checkRepeat(run: Run, event: RunEvent): void {
  if (event.type === "retry" || event.type === "checked") return;
  const again = transition(run, event, noon);
  expect(again.effects.filter(({ type }) => type !== "cancelStep")).toEqual([]);
  expect(again.run).toEqual(run);
}

/** A run under way always has something in hand, or can be moved by a person: it never hangs. */
function checkNotStuck(run: Run): void {
  if (run.state !== "running" && run.state !== "verifying") return;
  expect(run.plan.steps.some(({ id }) => isLive(stepRun(run, id).state))).toBe(true);
}

describe("random events", () => {
  const text = shopText.replace("services:\n", "limits: { stepsPerHost: 1 }\nservices:\n");
  const starts = [
    recoveryOf(),
    recoveryOf(planOf(), { scenario: "all" }),
    recoveryOf(planOf(text), { onto: { "db-1": "cache-1" } }),
  ];
  for (let seed = 1; seed <= 150; seed++) {
    it(`never break what must hold, seed ${seed}`, () => {
      const random = seededRandom(seed);
      const calm = 2 + random.below(40);
      let run = runOf(random.pick(starts));
      for (let count = 0; count < 200; count++) {
        const event = randomEvent(random, run, calm);
        const frozen = JSON.stringify(run);
        const result = transition(run, event, noon + count);
        expect(JSON.stringify(run)).toBe(frozen);
        checkTransition(run, event, result);
        if (result.refused === undefined) checkRepeat(result.run, event);
        checkNotStuck(result.run);
        run = result.run;
      }
    });
  }

  it("reach every end", () => {
    const reached = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const calm = 2 + random.below(40);
      let run = runOf(random.pick(starts));
      for (let count = 0; count < 200; count++) {
        run = transition(run, randomEvent(random, run, calm), noon + count).run;
        if (ended.has(run.state)) reached.add(run.state);
        if (run.aside === "accepted") reached.add("accepted");
      }
    }
    expect([...reached].sort()).toEqual([...ended, "accepted"].sort());
  });
});
