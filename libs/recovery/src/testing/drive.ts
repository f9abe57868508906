import type { Effect, RunEvent } from "../run/events.ts";
import type { Run } from "../run/model.ts";
import { allSteps, isLive, stepRun } from "../run/steps.ts";
import { transition } from "../run/transition.ts";
import { noon, runOf } from "./shop.ts";

/** A run under test: applies events, a second apart, and remembers all effects. */
export interface Drive {
  readonly run: Run;
  readonly effects: readonly Effect[];
  /** Applies an event; throws when it is refused. Gives its effects. */
  send(event: RunEvent): readonly Effect[];
  /** The code of the refusal, if there is one. */
  tries(event: RunEvent): string | undefined;
  /** The step in hand ends well. */
  succeed(step: string, result?: Record<string, unknown>): readonly Effect[];
  fail(
    step: string,
    error?: { code?: string; retryable?: boolean; details?: Record<string, unknown> },
  ): readonly Effect[];
  /** All that comes into hand ends well, until nothing is left or the steps named are all that is in hand. */
  finish(except?: readonly string[]): void;
  /** Ids of the steps in hand, sorted. */
  live(): string[];
  state(step: string): string;
}

export function drive(start: Run = runOf()): Drive {
  let run = start;
  let now = noon;
  const effects: Effect[] = [];
  const apply = (event: RunEvent) => {
    now += 1000;
    const result = transition(run, event, now);
    run = result.run;
    effects.push(...result.effects);
    return result;
  };
  const send = (event: RunEvent): readonly Effect[] => {
    const { refused, effects: own } = apply(event);
    if (refused !== undefined) throw new Error(`${event.type} was refused: ${refused.message}`);
    return own;
  };
  const attemptOf = (step: string): number => stepRun(run, step).attempt;
  const live = (): string[] =>
    allSteps(run)
      .flatMap(({ id }) => (isLive(stepRun(run, id).state) ? [id] : []))
      .sort();
  const succeed = (step: string, result?: Record<string, unknown>): readonly Effect[] => {
    const isRestore = allSteps(run).find(({ id }) => id === step)?.work.kind === "restore";
    const told = result ?? (isRestore ? { asideId: "aside" } : undefined);
    return send({ type: "succeeded", step, attempt: attemptOf(step), at: now, result: told });
  };
  return {
    get run() {
      return run;
    },
    effects,
    send,
    tries: (event) => apply(event).refused?.code,
    succeed,
    fail: (step, { code = "internal", retryable = false, details } = {}) => {
      const error = { code, message: `${step} failed`, hint: "Mend it.", retryable, details };
      return send({ type: "failed", step, attempt: attemptOf(step), at: now, error });
    },
    finish(except = []) {
      for (let open = live(); open.some((id) => !except.includes(id)); open = live())
        for (const id of open) if (!except.includes(id)) succeed(id);
    },
    live,
    state: (step) => stepRun(run, step).state,
  };
}

/** A run that has been checked without findings, and has started. */
export function startedDrive(start: Run = runOf()): Drive {
  const driven = drive(start);
  driven.send({ type: "check" });
  driven.send({ type: "checked", findings: [] });
  return driven;
}
