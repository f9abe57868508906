import { setTimeout as wait } from "node:timers/promises";
import { MusterError } from "@muster/core";
import type { Client } from "../connection.ts";
import { type ControlFile, controlPath, parseControlFile, readControlFile } from "./control-file.ts";
import { formatLsn, parseLsn, segmentNumber } from "./lsn.ts";

/** How long a standby may take to get where the primary was, in milliseconds, and how often it is asked. */
const patience = 5 * 60_000;
const askEvery = 200;

/** Whether the server replays another's WAL. */
export async function isStandby(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>("SELECT pg_is_in_recovery() AS standby");
  return rows[0]?.standby === true;
}

/**
 * Waits until what the primary had written before the backup's start is in the standby's files: replayed, and then written out by a restart
 * point, since pages that are in the standby's memory only would be missing in the copy. Throws `timeout`.
 */
export async function awaitStart(
  standby: Client,
  startLsn: bigint,
  dataDirectory: string,
  signal: AbortSignal,
): Promise<ControlFile> {
  let control = await readControlFile(dataDirectory, signal);
  await until(`the standby to write out its files up to ${formatLsn(startLsn)}`, signal, async () => {
    if (control.redo >= startLsn) return true;
    if ((await place(standby, "pg_last_wal_replay_lsn")) > startLsn) await standby.query("CHECKPOINT");
    control = await readControlFile(dataDirectory, signal);
    return control.redo >= startLsn;
  });
  return control;
}

/** Waits until the standby has all of the segment that holds the backup's end. Throws `timeout`. */
export async function awaitEnd(
  standby: Client,
  stopLsn: bigint,
  segmentSize: number,
  signal: AbortSignal,
): Promise<void> {
  const end = (segmentNumber(stopLsn - 1n, segmentSize) + 1n) * BigInt(segmentSize);
  const received = async (): Promise<boolean> => (await place(standby, "pg_last_wal_receive_lsn")) >= end;
  await until(`the standby to receive the WAL up to ${formatLsn(end)}`, signal, received);
}

/** pg_control of the primary: the standby's says that it is one. Read again while it is torn. */
export async function primaryControlFile(primary: Client, signal: AbortSignal): Promise<ControlFile> {
  let control: ControlFile | undefined;
  await until("a whole pg_control of the primary", signal, async () => {
    const { rows } = await primary.query<{ bytes: Buffer }>("SELECT pg_read_binary_file($1) AS bytes", [controlPath]);
    control = parseControlFile(rows[0]?.bytes ?? Buffer.alloc(0), `${controlPath} of the primary`);
    return control !== undefined;
  });
  if (control === undefined) throw new MusterError("internal", "pg_control of the primary was lost");
  return control;
}

async function place(client: Client, what: "pg_last_wal_replay_lsn" | "pg_last_wal_receive_lsn"): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string | null }>(`SELECT ${what}()::text AS lsn`);
  const lsn = rows[0]?.lsn;
  return lsn === null || lsn === undefined ? 0n : parseLsn(lsn);
}

async function until(what: string, signal: AbortSignal, done: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await done()); waited += askEvery) {
    if (waited >= patience) {
      throw new MusterError("timeout", `waited ${patience / 60_000} minutes for ${what}`, {
        hint: "See whether the standby follows the primary (pg_stat_replication there).",
      });
    }
    await wait(askEvery, undefined, { signal });
  }
}
