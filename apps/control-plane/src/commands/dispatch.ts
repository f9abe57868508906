import { asMusterError, type Clock, type Logger, MusterError } from "@muster/core";
import type { Database } from "@muster/database";
import type { MessageInitShape, ServerMessageSchema } from "@muster/protocol/grpc";
import type { Repositories } from "../context.ts";
import { commandMessage, ownFailure } from "./message.ts";
import type { Results } from "./results.ts";
import { type CommandRow, cancelledUnsent, markOverdue, markSent, outstanding, overdue } from "./store.ts";

/** How a message reaches a connected host. */
export interface Links {
  /** Connected to this replica, or to another. */
  isOnline(host: string): boolean;
  /** Connected to this replica. */
  isHere(host: string): boolean;
  /** The hosts connected to this replica. */
  hosts(): readonly string[];
  /** False when the host is not connected. */
  send(host: string, message: MessageInitShape<typeof ServerMessageSchema>["message"]): boolean;
}

export interface DispatchContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly repositories: Repositories;
  readonly links: Links;
  readonly results: Results;
}

/** An agent keeps to a command's time by itself; so much later (milliseconds) it is given up here. */
export const grace = 30_000;

/** Sends a connected host what it has to be told of. Repeats are harmless: the agent answers them from its journal. */
export async function dispatchTo(context: DispatchContext, host: string): Promise<void> {
  for (const row of await outstanding(context.db, host)) {
    if (!context.links.isHere(host)) return;
    if (row.state === "queued") await sendCommand(context, row);
    else if (row.sentAt !== null) sendCancel(context, row);
  }
}

async function sendCommand(context: DispatchContext, row: CommandRow): Promise<void> {
  const { db, clock, log, repositories, links, results } = context;
  try {
    const message = await commandMessage(row, repositories);
    const now = clock.now();
    // Marked first: a crash in between leaves a command that the next hello shows to be unknown, and it is sent again.
    if (!(await markSent(db, row, new Date(now), new Date(now + row.timeoutMs + grace)))) return;
    links.send(row.host, { case: "command", value: message });
  } catch (thrown) {
    const error = asMusterError(thrown);
    log.warn({ err: error, command: row.id }, "a command could not be sent");
    if (!error.retryable) await results.finished(row.host, ownFailure(row, clock.now(), error), clock.now());
  }
}

function sendCancel({ links }: DispatchContext, { id, host, cancelReason }: CommandRow): void {
  links.send(host, { case: "cancel", value: { commandId: id, reason: cancelReason ?? "cancelled" } });
}

/** Finishes commands that were cancelled before they were sent. */
export async function finishUnsent({ db, clock, results }: DispatchContext): Promise<void> {
  for (const row of await cancelledUnsent(db)) {
    const reason = new MusterError(
      "cancelled",
      `cancelled before it was sent: ${row.cancelReason ?? "no reason given"}`,
    );
    await results.finished(row.host, ownFailure(row, clock.now(), reason), clock.now());
  }
}

/** Stops commands whose time is over; those that stay silent, or were never sent, finish as `timeout`. */
export async function expireOverdue({ db, clock, results }: DispatchContext): Promise<void> {
  const now = clock.now();
  for (const row of await overdue(db, new Date(now))) {
    if (row.state === "sent" || row.state === "running") {
      await markOverdue(db, row, "its time is over", new Date(now + grace));
      continue;
    }
    const unsent = row.sentAt === null;
    const message = unsent
      ? `${row.host} was not connected in time to get ${row.target}`
      : `${row.host} did not answer for ${row.target}: ${row.cancelReason ?? "its time is over"}`;
    await results.finished(row.host, ownFailure(row, now, new MusterError("timeout", message)), now);
  }
}
