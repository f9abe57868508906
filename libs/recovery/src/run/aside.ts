import { advance } from "./advance.ts";
import type { Transition } from "./events.ts";
import type { Run, StepPlan } from "./model.ts";
import { asideWork, leftDown, restoresAside, wayBack } from "./way-back.ts";

const ends: ReadonlySet<Run["state"]> = new Set([
  "succeeded",
  "completed_with_exceptions",
  "failed",
  "cancelled",
  "timed_out",
]);

/** Drops what was kept aside: one step for each restore, in any order. */
export function onAccept(run: Run, now: number): Transition {
  if (run.state !== "succeeded" && run.state !== "completed_with_exceptions")
    return refuse(run, "only a recovery that came to a good end can be accepted");
  if (run.aside !== "kept") return refuse(run, `nothing is kept aside (${run.aside})`);
  const steps = restoresAside(run).map(
    (step): StepPlan => ({
      ...step,
      id: `accept/${step.id}`,
      after: [],
      work: asideWork(run, step.work.source, "accept"),
      forecast: undefined,
    }),
  );
  return advance({ ...run, aside: "accepting", asideSteps: steps }, now);
}

/** Puts back what was kept aside, and starts again what the run stopped: see `wayBack`. */
export function onRollBack(run: Run, now: number): Transition {
  if (!ends.has(run.state)) return refuse(run, "cancel the recovery first, or wait for its end");
  const nothingMoved = run.aside === "none" && leftDown(run).length > 0;
  if (run.aside !== "kept" && !nothingMoved) return refuse(run, `nothing is kept aside (${run.aside})`);
  return advance({ ...run, aside: "rolling_back", asideSteps: wayBack(run) }, now);
}

function refuse(run: Run, message: string): Transition {
  return {
    run,
    effects: [],
    refused: { code: "conflict", message: `recovery ${run.id} is ${run.state}: ${message}` },
  };
}
