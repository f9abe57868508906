import type { Database } from "@muster/database";
import type { RunningCommand } from "@muster/protocol/grpc";
import { adopt, type CommandRow, findCommand, markUnsent, requeue, withAgent } from "./store.ts";

const place = ({ id, attempt }: { id: string; attempt: number }): string => `${id}/${attempt}`;

/**
 * Brings the database and an agent that says hello to one view: what it runs is adopted, what it never got is queued
 * anew, and the ids of what it is to stop are returned. Call it after its unconfirmed results are stored.
 */
export async function reconcile(db: Database, host: string, running: readonly RunningCommand[]): Promise<string[]> {
  const known = new Set(running.map(({ commandId, attempt }) => place({ id: commandId, attempt })));
  for (const row of await withAgent(db, host)) {
    if (!known.has(place(row))) await requeueOrGiveUp(db, row);
  }
  const stop: string[] = [];
  for (const { commandId: id, attempt } of running) {
    const row = await findCommand(db, { id, attempt });
    if (row === undefined || row.host !== host || row.state === "finished" || row.state === "cancelling") stop.push(id);
    else await adopt(db, row);
  }
  return stop;
}

async function requeueOrGiveUp(db: Database, row: CommandRow): Promise<void> {
  if (row.state !== "cancelling") await requeue(db, row);
  // The agent will not start it any more: it counts as never sent, and finishes as cancelled.
  else await markUnsent(db, row);
}
