import { deadline, MusterError, sleep } from "@muster/core";
import type { Database } from "@muster/database";
import type { CommandFinished } from "@muster/protocol/grpc";
import type { CommandBus, CommandHandler } from "../context.ts";
import { readOutcome } from "./message.ts";
import { findCommand } from "./store.ts";

/** How much longer than the command's own time its answer may take, in milliseconds. */
const travel = 5000;

/** Between two looks for an answer that another replica gets, in milliseconds. */
const lookEvery = 250;

export interface Asking {
  readonly ask: CommandBus["ask"];
  /** Told of every finished command, after the commit. */
  answered(id: string, outcome: CommandFinished): void;
}

/** Owner of `check` commands: nothing is stored beyond the command; who asked waits here. */
export const checkHandler: CommandHandler = { finished: async () => undefined };

type AskingBus = Pick<CommandBus, "queue" | "wake" | "cancel" | "isOnline"> & { isHere(host: string): boolean };

/** Questions to agents, with somebody waiting for the answer. One that outlives its asker changes nothing. */
export function createAsking(db: Database, bus: AskingBus): Asking {
  const waiting = new Map<string, (outcome: CommandFinished) => void>();

  const answered = (id: string, outcome: CommandFinished): void => waiting.get(id)?.(outcome);
  const giveUp = async (id: string, reason: string): Promise<void> => {
    await db.transaction((tx) => bus.cancel(tx, id, reason));
    bus.wake();
  };

  return {
    async ask(command, signal) {
      const { id, host, target, timeoutMs } = command;
      if (!bus.isOnline(host)) throw new MusterError("host-offline", `the agent of ${host} is not connected`);
      const limit = deadline(timeoutMs + travel, signal);
      const answer = waitFor(waiting, id, limit);
      try {
        const full = { ...command, owner: "check", ownerId: id, attempt: 1, fenced: false } as const;
        await db.transaction((tx) => bus.queue(tx, full));
        bus.wake();
        // Another replica gets the answer of a host that it holds, and stores it.
        if (!bus.isHere(host)) followStored(db, id, limit, answered);
        return await answer;
      } catch (thrown) {
        answer.catch(() => undefined);
        if (!limit.aborted) throw thrown;
        await giveUp(id, "nobody waits for it any more");
        if (signal?.aborted)
          throw new MusterError("cancelled", `the question to ${host} was cancelled`, { cause: thrown });
        throw new MusterError("timeout", `${host} did not answer for ${target} in ${timeoutMs / 1000} s`, {
          cause: thrown,
        });
      } finally {
        waiting.delete(id);
      }
    },
    answered,
  };
}

/** Looks for the stored outcome of a question until there is one, or its time is over. */
function followStored(db: Database, id: string, limit: AbortSignal, found: Asking["answered"]): void {
  const look = async (): Promise<void> => {
    for (;;) {
      await sleep(lookEvery, limit);
      const row = await findCommand(db, { id, attempt: 1 });
      if (row?.state === "finished" && row.outcome !== null) return found(id, readOutcome(row.outcome));
    }
  };
  look().catch(() => undefined); // the limit ends the wait of who asked as well
}

function waitFor(
  waiting: Map<string, (outcome: CommandFinished) => void>,
  id: string,
  limit: AbortSignal,
): Promise<CommandFinished> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(limit.reason);
    if (limit.aborted) return abort();
    limit.addEventListener("abort", abort, { once: true });
    waiting.set(id, (outcome) => {
      limit.removeEventListener("abort", abort);
      resolve(outcome);
    });
  });
}
