import { describe, expect, it } from "vitest";
import { dayStates } from "./days.ts";

const day = 86_400_000;
const change = (at: number, state: string, probe = "p") => ({ host: "h", probe, state, at: new Date(at) });

describe("the bars", () => {
  it("carry a state on until it changes, and show the worst of each day", () => {
    const changes = [
      change(0.5 * day, "passing"),
      change(2.2 * day, "failing"),
      change(2.3 * day, "passing"),
      change(4.5 * day, "failing"),
    ];
    expect(dayStates(changes, 5.5 * day, 6)).toEqual(["up", "up", "down", "up", "down", "down"]);
  });

  it("are unknown before the first report, and start from the state before the first day", () => {
    expect(dayStates([change(1.5 * day, "passing")], 2.5 * day, 3)).toEqual(["unknown", "up", "up"]);
    expect(dayStates([change(1.5 * day, "failing")], 9.5 * day, 2)).toEqual(["down", "down"]);
    expect(dayStates([], 9 * day, 2)).toEqual(["unknown", "unknown"]);
  });
});
