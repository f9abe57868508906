import { errorValue, fromErrorValue, MusterError } from "@muster/core";
import { type CommandFinished, timestampMs } from "@muster/protocol/grpc";
import { findStep, type RunEvent, type StepRun, type StepWork } from "@muster/recovery";
import type { CommandHandler, ControlPlane } from "../context.ts";
import { announceRecovery, apply, applyIn } from "./apply.ts";
import { recoveryById } from "./store.ts";

/** Progress of one step is stored at most this often, in milliseconds. */
const progressInterval = 500;

type Named = { readonly id: string; readonly attempt: number; readonly ownerId: string };

/** What recoveries make of agents' reports; register it for the owner `recovery`. */
export function recoveryHandler(cp: ControlPlane): CommandHandler {
  const storedAt = new Map<string, number>();
  return {
    started: (tx, command, at) =>
      applyIn(cp, tx, command.ownerId, [{ type: "started", step: stepOf(command), attempt: command.attempt, at }]),
    async progress(command, { done, total, unit, note }) {
      const now = cp.clock.now();
      if (now - (storedAt.get(command.id) ?? Number.NEGATIVE_INFINITY) < progressInterval) return;
      storedAt.set(command.id, now);
      const progress = { done: Number(done), total: Number(total), unit: unitOf(unit), note };
      const { attempt, ownerId } = command;
      await apply(cp, ownerId, { type: "progress", step: stepOf(command), attempt, progress });
    },
    async finished(tx, command, outcome) {
      storedAt.delete(command.id);
      const row = await recoveryById(tx, command.ownerId);
      const step = row === undefined ? undefined : findStep(row.run, stepOf(command));
      if (row === undefined || step === undefined) {
        cp.log.error({ command: command.id }, "a result for a step that no recovery has");
        return;
      }
      const ended = endOf(command, step.work, outcome, cp.clock.now());
      const began = row.run.steps[step.id]?.startedAt === undefined ? [beginOf(command, outcome, ended.at)] : [];
      await applyIn(cp, tx, command.ownerId, [...began, ended]);
    },
    committed: ({ ownerId }) => announceRecovery(cp, ownerId),
  };
}

/** Commands are named by recovery and step. */
function stepOf({ id, ownerId }: Named): string {
  return id.slice(ownerId.length + 1);
}

/** A step so short that its start was not reported: it began as long before its end as its agent says. */
function beginOf({ id, ownerId, attempt }: Named, { startedAt, finishedAt }: CommandFinished, end: number): RunEvent {
  const took =
    startedAt === undefined || finishedAt === undefined ? 0 : timestampMs(finishedAt) - timestampMs(startedAt);
  return { type: "started", step: stepOf({ id, ownerId, attempt }), attempt, at: end - Math.max(0, took) };
}

type Ended = Extract<RunEvent, { type: "succeeded" | "failed" }>;

/** Times are the control plane's own: agents' clocks differ, and the actual RTO is measured with one clock. */
function endOf(command: Named, work: StepWork, finished: CommandFinished, at: number): Ended {
  const named = { step: stepOf(command), attempt: command.attempt, at };
  const result = resultOf(work, finished);
  if (result !== undefined) return { type: "succeeded", ...named, result };
  return { type: "failed", ...named, error: failureOf(work, finished) };
}

/** Undefined when the agent did not do what this kind of work asks. */
function resultOf(work: StepWork, { outcome }: CommandFinished): Record<string, unknown> | undefined {
  if (work.kind === "restore" && outcome.case === "restored") {
    const { bytes, items, asideId, notes, facts } = outcome.value;
    return { bytes: Number(bytes), items: Number(items), asideId, notes, facts: facts ?? {} };
  }
  if (work.kind === "action" && outcome.case === "action") {
    const { exitCode, output } = outcome.value;
    return { exitCode, output: output.replaceAll("\0", "") };
  }
  if (work.kind === "gate" && outcome.case === "gate") {
    const { rounds, healthySince } = outcome.value;
    const since = healthySince === undefined ? {} : { healthySince: new Date(timestampMs(healthySince)).toISOString() };
    return { rounds, ...since };
  }
  return work.kind === "aside" && outcome.case === "aside" ? { notes: outcome.value.notes } : undefined;
}

function failureOf(work: StepWork, { outcome }: CommandFinished): NonNullable<StepRun["error"]> {
  if (outcome.case !== "failure") {
    const said = outcome.case ?? "nothing";
    return errorValue(new MusterError("internal", `the agent answered a step of kind ${work.kind} with "${said}"`));
  }
  const { code, message, hint, retryable, details } = outcome.value;
  return errorValue(fromErrorValue({ code, message: message.replaceAll("\0", ""), hint, retryable, details }));
}

function unitOf(unit: string): NonNullable<StepRun["progress"]>["unit"] {
  return unit === "bytes" || unit === "probes" ? unit : "items";
}
