import { randomBytes } from "node:crypto";
import { MusterError, systemErrorCode } from "@muster/core";
import { only } from "../cluster-facts.ts";
import type { Client } from "../connection.ts";
import { parseLsn } from "./lsn.ts";

/** What the stop call returns. Its files are stored byte for byte. */
export interface BackupEnd {
  readonly stopLsn: bigint;
  readonly label: string;
  /** Empty when there are no tablespaces. */
  readonly tablespaceMap: string;
}

/** A backup that the server knows of, as long as the connection lives. */
export interface BackupMode {
  readonly startLsn: bigint;
  /** Why the server may remove WAL that the backup needs, if it may. */
  readonly walNotHeld: string | undefined;
  /** Throws `source-unavailable` when the connection is gone: the server has given up the backup with it. */
  requireAlive(): void;
  stop(): Promise<BackupEnd>;
}

/**
 * Starts a backup on a connection that stays open until the stop; its end, however it comes, ends the backup (non-exclusive mode,
 * "Making a Base Backup Using the Low Level API" in the manual). A temporary slot holds the WAL from here on.
 */
export async function startBackup(client: Client, major: number, label: string): Promise<BackupMode> {
  let lost = false;
  client.on("end", () => {
    lost = true;
  });
  await client.query("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0");
  await client.query("SET client_encoding = 'UTF8'");
  const walNotHeld = await holdWal(client);
  const start =
    major >= 15
      ? "SELECT pg_backup_start(label => $1, fast => true)::text AS lsn"
      : "SELECT pg_start_backup($1, true, false)::text AS lsn";
  const { rows } = await client.query<{ lsn: string }>(start, [label]);
  return {
    startLsn: parseLsn(only(rows).lsn),
    walNotHeld,
    requireAlive() {
      if (!lost) return;
      throw new MusterError("source-unavailable", "PostgreSQL closed the connection, and with it ended the backup");
    },
    stop: () => stopBackup(client, major),
  };
}

async function stopBackup(client: Client, major: number): Promise<BackupEnd> {
  const call =
    major >= 15
      ? "pg_backup_stop(wait_for_archive => false)"
      : "pg_stop_backup(exclusive => false, wait_for_archive => false)";
  const { rows } = await client.query<{ lsn: string; label: string; map: string | null }>(
    `SELECT lsn::text AS lsn, labelfile AS label, spcmapfile AS map FROM ${call}`,
  );
  const { lsn, label, map } = only(rows);
  return { stopLsn: parseLsn(lsn), label, tablespaceMap: map ?? "" };
}

/** Reserves WAL by a slot that goes with the connection. Why that failed, where a backup may still succeed without. */
export async function holdWal(client: Client): Promise<string | undefined> {
  const name = `muster_backup_${randomBytes(6).toString("hex")}`;
  try {
    await client.query("SELECT pg_create_physical_replication_slot($1, true, true)", [name]);
    return undefined;
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    // No slot is free; there may be none; the user lacks REPLICATION.
    if (code !== "53400" && code !== "55000" && code !== "42501") throw thrown;
    return thrown instanceof Error ? thrown.message : code;
  }
}
