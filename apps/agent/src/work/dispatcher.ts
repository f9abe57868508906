import { type Clock, type Logger, MusterError } from "@muster/core";
import {
  type Command,
  type CommandFinished,
  CommandFinishedSchema,
  create,
  durationMs,
  timestampFromMs,
} from "@muster/protocol/grpc";
import type { Journal } from "../journal/journal.ts";
import { failureOutcome, type Outcome } from "./failure.ts";

/** What carries out one command; a thrown error becomes its failure. */
export type Performer = (command: Command, run: CommandRun) => Promise<Outcome>;

export interface CommandRun {
  readonly signal: AbortSignal;
  /** Told of the process group that does the work, so that it can be ended after a crash of the agent. */
  onSpawn(pid: number): void;
  progress(done: number, total: number, unit: string, note: string): void;
}

/** Where answers go: to the stream while there is one. A result is in the journal too, so nothing is lost without one. */
export interface Answers {
  started(command: Command): void;
  progress(command: Command, done: number, total: number, unit: string, note: string): void;
  finished(result: CommandFinished): void;
}

export interface Dispatcher {
  /** Takes a command: answers it from the journal, refuses it, or starts it. */
  accept(command: Command): Promise<void>;
  cancel(commandId: string, reason: string): void;
  running(): { commandId: string; attempt: number; target: string }[];
  /** Takes nothing more, cancels what runs, and waits for it. Returns the targets that were interrupted. */
  stop(): Promise<string[]>;
}

interface Live {
  readonly command: Command;
  readonly controller: AbortController;
  done: Promise<void>;
}

/** Carries out commands, each once: the work belongs to the agent, not to the connection that brought it. */
export function dispatcher(options: {
  readonly journal: Journal;
  readonly perform: Performer;
  readonly answers: Answers;
  readonly clock: Clock;
  readonly log: Logger;
}): Dispatcher {
  const { journal, perform, answers, clock, log } = options;
  const live = new Map<string, Live>();
  let stopping = false;

  const refuse = (command: Command, error: MusterError): void => {
    log.warn({ command: command.commandId, target: command.target, code: error.code }, error.message);
    answers.finished(finishedMessage(command, clock.now(), clock.now(), failureOutcome(error)));
  };

  const work = async (command: Command, controller: AbortController): Promise<void> => {
    const startedAt = clock.now();
    const bounded = bound(command, controller.signal);
    const outcome = await perform(command, {
      signal: bounded.signal,
      onSpawn: (pid) => void journal.spawned(command, pid).catch((error: unknown) => log.warn(error, "journal")),
      progress: (done, total, unit, note) => answers.progress(command, done, total, unit, note),
    }).catch((thrown: unknown) => failureOutcome(bounded.signal.aborted ? bounded.signal.reason : thrown));
    bounded.release();
    const result = finishedMessage(command, startedAt, clock.now(), outcome);
    await journal.finished(result).catch((error: unknown) => log.error(error, "the result is not in the journal"));
    log.info({ command: command.commandId, target: command.target, outcome: outcome.case }, "command finished");
    answers.finished(result);
  };

  const start = async (command: Command): Promise<void> => {
    const controller = new AbortController();
    const entry: Live = { command, controller, done: Promise.resolve() };
    live.set(command.commandId, entry); // before the first wait: a repeat that comes now must find it
    try {
      await journal.received(command);
      await journal.started(command);
    } catch (thrown) {
      live.delete(command.commandId);
      throw thrown;
    }
    answers.started(command);
    entry.done = work(command, controller).finally(() => live.delete(command.commandId));
  };

  return {
    async accept(command) {
      const known = journal.result(command.commandId, command.attempt);
      if (known !== undefined) return answers.finished(known);
      const same = live.get(command.commandId);
      if (same?.command.attempt === command.attempt) return answers.started(command);
      try {
        if (stopping) throw new MusterError("command-interrupted", "the agent is stopping");
        refuseStale(command, journal);
        refuseBusy(
          command,
          [...live.values()].map((entry) => entry.command),
        );
        await start(command);
      } catch (thrown) {
        refuse(
          command,
          thrown instanceof MusterError ? thrown : new MusterError("internal", String(thrown), { cause: thrown }),
        );
      }
    },
    cancel(commandId, reason) {
      live.get(commandId)?.controller.abort(new MusterError("cancelled", `cancelled: ${reason}`));
    },
    running: () =>
      [...live.values()].map(({ command: { commandId, attempt, target } }) => ({ commandId, attempt, target })),
    async stop() {
      stopping = true;
      const interrupted = [...live.values()];
      for (const { controller, command } of interrupted) {
        controller.abort(new MusterError("command-interrupted", `the agent was stopped during ${command.target}`));
      }
      await Promise.all(interrupted.map(({ done }) => done));
      return interrupted.map(({ command }) => command.target);
    },
  };
}

/** Fencing: a newer owner of the target, or a newer attempt at the same command, wins. */
function refuseStale(command: Command, journal: Journal): void {
  const highest = journal.highestEpoch(command.target);
  if (command.epoch > 0n && command.epoch < highest) {
    throw new MusterError("command-stale", `epoch ${command.epoch} of ${command.target}: epoch ${highest} was seen`);
  }
  const latest = journal.latestAttempt(command.commandId);
  if (command.attempt < latest) {
    throw new MusterError("command-stale", `attempt ${command.attempt} of ${command.commandId}: ${latest} was seen`);
  }
}

/** At most one live command acts on a target; what only reads (no epoch) may run beside it. */
function refuseBusy(command: Command, live: readonly Command[]): void {
  const other = live.find(
    (one) => one.commandId === command.commandId || (acts(one) && acts(command) && one.target === command.target),
  );
  if (other === undefined) return;
  throw new MusterError("source-busy", `${command.target} is being worked on by command ${other.commandId}`);
}

function acts(command: Command): boolean {
  return command.work.case !== "gate" && command.work.case !== "checkRestore";
}

function bound(command: Command, signal: AbortSignal): { signal: AbortSignal; release(): void } {
  const timeout = durationMs(command.timeout);
  if (timeout <= 0) return { signal, release: () => undefined };
  const late = new AbortController();
  const error = new MusterError("timeout", `${command.target} was not done within ${timeout} ms`);
  const timer = setTimeout(() => late.abort(error), Math.min(timeout, 2 ** 31 - 1));
  return { signal: AbortSignal.any([signal, late.signal]), release: () => clearTimeout(timer) };
}

function finishedMessage(command: Command, startedAt: number, finishedAt: number, outcome: Outcome): CommandFinished {
  return create(CommandFinishedSchema, {
    commandId: command.commandId,
    attempt: command.attempt,
    startedAt: timestampFromMs(startedAt),
    finishedAt: timestampFromMs(finishedAt),
    outcome,
  });
}
