import { expect, it } from "vitest";
import { startedDrive } from "../testing/drive.ts";
import { hour, minute, planOf, recoveryOf, runOf, shopText } from "../testing/shop.ts";
import { isOverdue } from "./deadline.ts";

const text = shopText.replace("all: { approve: true }", "all: { deadline: 2h }");
const limited = () => startedDrive(runOf(recoveryOf(planOf(text), { scenario: "all" })));

it("counts from the start, as the scenario says", () => {
  const { run } = limited();
  expect(run.deadlineAt).toBe((run.startedAt ?? 0) + 2 * hour);
  expect(isOverdue(run, (run.deadlineAt ?? 0) - 1)).toBe(false);
  expect(isOverdue(run, run.deadlineAt ?? 0)).toBe(true);
});

it("is what whoever starts it says, before what the scenario says", () => {
  expect(recoveryOf(planOf(text), { scenario: "all", deadline: minute }).deadline).toBe(minute);
  expect(recoveryOf(planOf(text)).deadline).toBeUndefined();
});

it("counts while the run is paused, and no more when it is stopping or has ended", () => {
  const run = limited();
  const late = (run.run.deadlineAt ?? 0) + 1;
  run.send({ type: "pause" });
  expect(isOverdue(run.run, late)).toBe(true);
  run.send({ type: "deadline" });
  expect(isOverdue(run.run, late)).toBe(false);
});

it("counts anew for a run that goes on after it has failed", () => {
  const run = limited();
  const first = run.run.deadlineAt ?? 0;
  run.fail("front/stop");
  expect(run.run.state).toBe("failed");
  run.send({ type: "retry", step: "front/stop" });
  expect(run.run.deadlineAt).toBeGreaterThan(first);
});
