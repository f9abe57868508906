import { asMusterError, type Clock, type Logger } from "@muster/core";
import type { Database } from "@muster/database";
import type { RunningCommand } from "@muster/protocol/grpc";
import type { CommandBus, CommandHandler, NewCommand, Repositories, Tx } from "../context.ts";
import { type Asking, checkHandler, createAsking } from "./ask.ts";
import { type DispatchContext, dispatchTo, expireOverdue, finishUnsent, type Links } from "./dispatch.ts";
import { storedPayload } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { createResults, type Results } from "./results.ts";
import { findCommand, insertCommand, markCancelling, nextEpoch } from "./store.ts";

/** How long a cancelled command may take to end, in milliseconds. */
const cancelGrace = 120_000;

/** The command bus, with what sessions and the background loop need of it. */
export interface CommandEngine extends CommandBus {
  readonly results: Results;
  /** Compares the database with what an agent runs; returns the ids that it is to stop. */
  reconcile(host: string, running: readonly RunningCommand[]): Promise<string[]>;
  /** Sends what is due everywhere; with `expire`, also gives up what is overdue. */
  pass(options: { readonly expire: boolean }): Promise<void>;
  /** Resolves when the pass at work has ended; later wakes do nothing. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly repositories: Repositories;
  readonly links: Links;
}

/** Durable commands over the database: nothing here is needed after a restart. */
export function createCommandEngine(options: EngineOptions): CommandEngine {
  const { db, clock, log, links } = options;
  const handlers = new Map<NewCommand["owner"], CommandHandler>([["check", checkHandler]]);
  let asking: Asking | undefined;
  const onFinished: Parameters<typeof createResults>[0]["onFinished"] = ({ id }, outcome) =>
    asking?.answered(id, outcome);
  const results = createResults({ db, log, handlers, onFinished });
  const context: DispatchContext = { ...options, results };
  const turns = createTurns();

  const pass = async ({ expire }: { expire: boolean }): Promise<void> => {
    if (expire) await expireOverdue(context);
    await finishUnsent(context);
    for (const host of links.hosts()) await dispatchTo(context, host);
  };

  const bus = {
    queue: (tx: Tx, command: NewCommand) => queue(tx, command, clock.now()),
    wake: (): void => {
      turns
        .next(() => pass({ expire: false }))
        .catch((thrown: unknown) => {
          log.error({ err: asMusterError(thrown) }, "commands could not be sent; the next pass tries again");
        });
    },
    cancel: (tx: Tx, id: string, reason: string) => markCancelling(tx, id, reason, new Date(clock.now() + cancelGrace)),
    isOnline: links.isOnline,
  };
  asking = createAsking(db, { ...bus, isHere: links.isHere });
  return {
    ...bus,
    ask: asking.ask,
    handle: (owner, handler) => void handlers.set(owner, handler),
    results,
    reconcile: (host, running) => reconcile(db, host, running),
    pass: (how) => turns.next(() => pass(how)),
    close: turns.close,
  };
}

async function queue(tx: Tx, command: NewCommand, now: number): Promise<void> {
  if ((await findCommand(tx, command)) !== undefined) return;
  const epoch = command.fenced ? await nextEpoch(tx, command.host, command.target) : 0;
  const { id, attempt, host, target, owner, ownerId, timeoutMs, grant } = command;
  await insertCommand(tx, {
    ...{ id, attempt, host, target, epoch, owner, ownerId, timeoutMs },
    payload: storedPayload(command, epoch),
    grantRepository: grant?.repository ?? null,
    grantDomain: grant?.domain ?? null,
    state: "queued",
    createdAt: new Date(now),
    deadlineAt: new Date(now + timeoutMs),
  });
}

/** Runs one piece of work after the other; a piece that waits already stands for all that come while it waits. */
function createTurns() {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  let closed = false;
  return {
    next(work: () => Promise<void>): Promise<void> {
      if (closed) return Promise.resolve();
      if (waiting !== undefined) return waiting;
      const turn = tail.then(() => {
        waiting = undefined;
        return work();
      });
      waiting = turn;
      tail = turn.catch(() => undefined);
      return turn;
    },
    async close(): Promise<void> {
      closed = true;
      await tail;
    },
  };
}
