import { expect, it } from "vitest";
import type { StepPlan } from "./model.ts";
import { movedServices } from "./moves.ts";

const plan = (service: string, host: string, replaces?: string) => {
  const work = { kind: "action", action: "start", purpose: "start" } as const;
  const step: StepPlan = { id: `${service}/start`, service, tier: 1, phase: "start", host, replaces, work, after: [] };
  return { steps: [{ ...step, phase: "stop" as const, id: `${service}/stop` }, step] };
};

it("is where the newest recovery of a service brought it", () => {
  const moves = movedServices([plan("db", "db-3", "db-1"), plan("db", "db-2", "db-1"), plan("web", "web-1")]);
  expect([...moves.values()]).toEqual([{ service: "db", from: "db-1", to: "db-3" }]);
});

it("is at home when a newer recovery brought it back there", () => {
  expect(movedServices([plan("db", "db-1"), plan("db", "db-2", "db-1")]).size).toBe(0);
});
