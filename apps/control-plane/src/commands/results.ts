import { asMusterError, type Logger, MusterError } from "@muster/core";
import type { Database } from "@muster/database";
import type { CommandFinished, CommandProgress } from "@muster/protocol/grpc";
import type { CommandHandler, NewCommand } from "../context.ts";
import { storedOutcome } from "./message.ts";
import { type CommandKey, type CommandRow, findCommand, latestAttempt, markFinished, markStarted } from "./store.ts";

type Owner = NewCommand["owner"];

export interface Results {
  started(host: string, key: CommandKey, at: number): Promise<void>;
  progress(host: string, progress: CommandProgress): Promise<void>;
  /** Stores an outcome together with what its owner makes of it; after it the agent may forget the command. */
  finished(host: string, outcome: CommandFinished, at: number): Promise<void>;
}

/** Brings what agents report to the owners of the commands, each result exactly once. */
export function createResults(options: {
  readonly db: Database;
  readonly log: Logger;
  readonly handlers: ReadonlyMap<Owner, CommandHandler>;
  /** Told after the commit. */
  readonly onFinished: (row: CommandRow, outcome: CommandFinished) => void;
}): Results {
  const { db, log, handlers, onFinished } = options;
  const owners = new Map<string, CommandRow>();

  const handlerOf = (row: CommandRow): CommandHandler => {
    const handler = handlers.get(row.owner as Owner); // written by queue, which takes an Owner
    if (handler === undefined) throw new MusterError("internal", `nobody handles commands of "${row.owner}"`);
    return handler;
  };

  return {
    async started(host, key, at) {
      const row = await db.transaction(async (tx) => {
        const marked = await markStarted(tx, key, host, new Date(at));
        if (marked !== undefined) await handlerOf(marked).started?.(tx, marked, at);
        return marked;
      });
      if (row !== undefined) handlerOf(row).committed?.(row);
    },

    async progress(host, progress) {
      const key = { id: progress.commandId, attempt: progress.attempt };
      const place = `${key.id}/${key.attempt}`;
      const row = owners.get(place) ?? (await findCommand(db, key));
      if (row === undefined || row.host !== host || row.state === "finished") return;
      owners.set(place, row);
      // A number that is lost is replaced by the next one; the work goes on.
      await handlerOf(row)
        .progress?.(row, progress)
        .catch((thrown: unknown) => log.warn({ err: asMusterError(thrown), command: key.id }, "progress was not kept"));
    },

    async finished(host, outcome, at) {
      const key = { id: outcome.commandId, attempt: outcome.attempt };
      owners.delete(`${key.id}/${key.attempt}`);
      const row = await db.transaction(async (tx) => {
        const stored = await markFinished(tx, key, host, new Date(at), storedOutcome(outcome));
        if (stored === undefined) return undefined;
        // A newer attempt owns the target: the older one's result is kept, but decides nothing.
        if ((await latestAttempt(tx, key.id)) > key.attempt) return undefined;
        await handlerOf(stored).finished(tx, stored, outcome);
        return stored;
      });
      if (row === undefined)
        log.info({ host, command: key.id, attempt: key.attempt }, "a result that is not waited for");
      else {
        handlerOf(row).committed?.(row);
        onFinished(row, outcome);
      }
    },
  };
}
