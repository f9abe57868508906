import { commands, targetEpochs } from "@muster/database";
import { and, asc, eq, inArray, lt, ne, sql } from "drizzle-orm";
import type { Tx } from "../context.ts";

/*
 * A command's life: queued → sent → running → finished. A cancelled one passes through `cancelling`; one that its agent
 * turns out not to know goes back to `queued` and is sent again under the same id and attempt.
 */

export type CommandRow = typeof commands.$inferSelect;
export type CommandKey = Pick<CommandRow, "id" | "attempt">;

const keyed = ({ id, attempt }: CommandKey) => and(eq(commands.id, id), eq(commands.attempt, attempt));
const live = ne(commands.state, "finished");

export async function findCommand(tx: Tx, key: CommandKey): Promise<CommandRow | undefined> {
  return (await tx.select().from(commands).where(keyed(key)))[0];
}

/** Stores a new command; false when (id, attempt) is there already. */
export async function insertCommand(tx: Tx, row: typeof commands.$inferInsert): Promise<boolean> {
  const rows = await tx.insert(commands).values(row).onConflictDoNothing().returning({ id: commands.id });
  return rows.length > 0;
}

/** The target whose epoch no other may fall below; it is set when a control plane is restored from an earlier moment. */
export const epochFloor = "";

/** The next epoch of a host's target. */
export async function nextEpoch(tx: Tx, host: string, target: string): Promise<number> {
  const floor = sql`(select coalesce(max(f.epoch), 0) from target_epochs f where f.target = ${epochFloor})`;
  const [row] = await tx
    .insert(targetEpochs)
    .values({ target: `${host}/${target}`, epoch: sql`${floor} + 1` })
    .onConflictDoUpdate({
      target: targetEpochs.target,
      set: { epoch: sql`greatest(${targetEpochs.epoch}, ${floor}) + 1` },
    })
    .returning();
  return row?.epoch ?? 1;
}

/** What a host has to be told of: commands to send and commands to stop, oldest first. */
export async function outstanding(tx: Tx, host: string): Promise<CommandRow[]> {
  const states = inArray(commands.state, ["queued", "cancelling"]);
  return tx
    .select()
    .from(commands)
    .where(and(eq(commands.host, host), states))
    .orderBy(asc(commands.createdAt), asc(commands.id), asc(commands.attempt));
}

/** Commands that were cancelled before they were ever sent. */
export async function cancelledUnsent(tx: Tx): Promise<CommandRow[]> {
  return tx
    .select()
    .from(commands)
    .where(and(eq(commands.state, "cancelling"), sql`${commands.sentAt} is null`));
}

/** What the database takes to be with the agent. */
export async function withAgent(tx: Tx, host: string): Promise<CommandRow[]> {
  const states = inArray(commands.state, ["sent", "running", "cancelling"]);
  return tx
    .select()
    .from(commands)
    .where(and(eq(commands.host, host), states));
}

/** Marks a queued command as sent; false when somebody else was faster or it was cancelled. */
export async function markSent(tx: Tx, key: CommandKey, at: Date, deadlineAt: Date): Promise<boolean> {
  const queued = and(keyed(key), eq(commands.state, "queued"));
  const set = { state: "sent" as const, sentAt: at, deadlineAt };
  return (await tx.update(commands).set(set).where(queued).returning({ id: commands.id })).length > 0;
}

/** Notes that the agent works on it; the row, the first time. A command being cancelled keeps its state. */
export async function markStarted(tx: Tx, key: CommandKey, host: string, at: Date): Promise<CommandRow | undefined> {
  const first = and(keyed(key), eq(commands.host, host), live, sql`${commands.startedAt} is null`);
  const state = sql`case when ${commands.state} = 'cancelling' then 'cancelling' else 'running' end`;
  return (await tx.update(commands).set({ startedAt: at, state }).where(first).returning())[0];
}

/** The agent works on it, whatever was thought before. */
export async function adopt(tx: Tx, key: CommandKey): Promise<void> {
  const waiting = and(keyed(key), inArray(commands.state, ["queued", "sent"]));
  await tx.update(commands).set({ state: "running" }).where(waiting);
}

/** The agent does not know it: it is to be sent again. */
export async function requeue(tx: Tx, key: CommandKey): Promise<void> {
  const lost = and(keyed(key), inArray(commands.state, ["sent", "running"]));
  await tx.update(commands).set({ state: "queued" }).where(lost);
}

/** Makes a command that is being cancelled count as never sent. */
export async function markUnsent(tx: Tx, key: CommandKey): Promise<void> {
  await tx
    .update(commands)
    .set({ sentAt: null })
    .where(and(keyed(key), eq(commands.state, "cancelling")));
}

/** Stores the outcome; undefined when the command is finished already, unknown, or another host's. */
export async function markFinished(
  tx: Tx,
  key: CommandKey,
  host: string,
  at: Date,
  outcome: Record<string, unknown>,
): Promise<CommandRow | undefined> {
  const open = and(keyed(key), eq(commands.host, host), live);
  const set = { state: "finished" as const, finishedAt: at, outcome };
  return (await tx.update(commands).set(set).where(open).returning())[0];
}

/** The highest attempt of a command. */
export async function latestAttempt(tx: Tx, id: string): Promise<number> {
  const [row] = await tx
    .select({ attempt: sql<number>`coalesce(max(${commands.attempt}), 0)` })
    .from(commands)
    .where(eq(commands.id, id));
  return Number(row?.attempt ?? 0);
}

/** Marks every live attempt as to be stopped. The deadline only ever comes nearer. */
export async function markCancelling(tx: Tx, id: string, reason: string, deadlineAt: Date): Promise<void> {
  const stoppable = and(eq(commands.id, id), inArray(commands.state, ["queued", "sent", "running"]));
  const nearer = sql`least(${commands.deadlineAt}, ${deadlineAt.toISOString()}::timestamptz)`;
  await tx.update(commands).set({ state: "cancelling", cancelReason: reason, deadlineAt: nearer }).where(stoppable);
}

/** Gives an overdue command that is with its agent the time to be stopped. */
export async function markOverdue(tx: Tx, key: CommandKey, reason: string, deadlineAt: Date): Promise<void> {
  const running = and(keyed(key), inArray(commands.state, ["sent", "running"]));
  await tx.update(commands).set({ state: "cancelling", cancelReason: reason, deadlineAt }).where(running);
}

/** Live commands whose time is over. */
export async function overdue(tx: Tx, now: Date): Promise<CommandRow[]> {
  return tx
    .select()
    .from(commands)
    .where(and(live, lt(commands.deadlineAt, now)));
}
