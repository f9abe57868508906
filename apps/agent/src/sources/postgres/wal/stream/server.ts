import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { only } from "../../cluster-facts.ts";
import type { Client } from "../../connection.ts";
import { parseLsn } from "../lsn.ts";

/** What never changes while a server runs. */
export interface WalServer {
  readonly systemIdentifier: string;
  readonly version: string;
  readonly major: number;
  readonly segmentSize: number;
  readonly pageSize: number;
  readonly dataDirectory: string | undefined;
}

export async function readWalServer(client: Client): Promise<WalServer> {
  const { rows } = await client.query<
    Record<"identifier" | "version" | "number" | "segment" | "page", string> & { directory: string | null }
  >(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS identifier,
            current_setting('server_version') AS version, current_setting('server_version_num') AS number,
            (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') AS segment,
            (SELECT setting FROM pg_settings WHERE name = 'wal_block_size') AS page,
            (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS directory`,
  );
  const row = only(rows);
  return {
    systemIdentifier: row.identifier,
    version: row.version,
    major: Math.floor(Number(row.number) / 10_000),
    segmentSize: Number(row.segment),
    pageSize: Number(row.page),
    dataDirectory: row.directory ?? undefined, // only seen with the right to read all settings
  };
}

/** What the server says of its slot; PostgreSQL's own words for the state. */
export interface SlotState {
  readonly restartLsn: bigint | undefined;
  /** `lost`: WAL that we had not fetched is gone. `unreserved`: it will be at the next checkpoint. */
  readonly walStatus: "reserved" | "extended" | "unreserved" | "lost" | "unknown";
  readonly active: boolean;
  /** Bytes that can still be written until the slot loses WAL; undefined without a limit. */
  readonly safeBytes: number | undefined;
}

/** The slot of that name, or undefined when there is none. */
export async function readSlot(client: Client, name: string): Promise<SlotState | undefined> {
  const { rows } = await client.query<{
    lsn: string | null;
    status: string | null;
    active: boolean;
    safe: string | null;
  }>(
    `SELECT restart_lsn::text AS lsn, wal_status AS status, active, safe_wal_size::text AS safe
       FROM pg_replication_slots WHERE slot_name = $1 AND slot_type = 'physical'`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const known = (["reserved", "extended", "unreserved", "lost"] as const).find((status) => status === row.status);
  return {
    restartLsn: row.lsn === null ? undefined : parseLsn(row.lsn),
    walStatus: known ?? "unknown",
    active: row.active,
    safeBytes: row.safe === null ? undefined : Number(row.safe),
  };
}

export async function dropSlot(client: Client, name: string): Promise<void> {
  await client.query("SELECT pg_drop_replication_slot($1)", [name]);
}

/** Up to where the server's WAL is on its disk (on a standby: up to where it has received it), and its clock in milliseconds. */
export async function readFlushed(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string | null }>(
    `SELECT (CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                  ELSE pg_current_wal_flush_lsn() END)::text AS lsn`,
  );
  return parseLsn(only(rows).lsn ?? "0/0");
}

/** Bytes free for WAL, when the data directory is on this host. */
export async function walHeadroom(dataDirectory: string | undefined): Promise<number | undefined> {
  if (dataDirectory === undefined) return undefined;
  return statfs(join(dataDirectory, "pg_wal")).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined, // on another host, or not ours to see
  );
}
