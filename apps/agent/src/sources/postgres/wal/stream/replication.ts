import { MusterError } from "@muster/core";
import { only } from "../../cluster-facts.ts";
import type { Cluster } from "../../config.ts";
import { type Client, connectForReplication, sqlFailure } from "../../connection.ts";
import { parseLsn } from "../lsn.ts";
import { type CopyRequest, startWalCopy, type WalCopy, type WalSink } from "./wal-copy.ts";

export interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Up to where the server has flushed its WAL. */
  readonly flushed: bigint;
}

/** A connection to a server's WAL sender. */
export interface Replication extends AsyncDisposable {
  identify(): Promise<SystemIdentity>;
  /** The content of a timeline's history file. */
  history(timeline: number): Promise<string>;
  /** Makes a slot that keeps WAL from now on; one of that name that is there already is fine. */
  createSlot(name: string): Promise<void>;
  stream(request: CopyRequest, sink: WalSink): WalCopy;
}

/** Opens a connection for replication; an abort cuts it. Throws `source-unavailable`. */
export async function openReplication(cluster: Cluster, name: string, signal: AbortSignal): Promise<Replication> {
  const client = await connectForReplication(cluster, name);
  const cut = (): void => void client.end().catch(() => undefined);
  signal.addEventListener("abort", cut, { once: true });
  const ask = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw signal.aborted ? new MusterError("cancelled", "streaming was stopped") : sqlFailure(cause, "replication");
    });
  return {
    identify: () => ask(identify(client)),
    history: (timeline) => ask(history(client, timeline)),
    createSlot: (slot) => ask(createSlot(client, slot)),
    stream: (request, sink) => startWalCopy(client, request, sink),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", cut);
      await client.end().catch(() => undefined); // it may be broken
    },
  };
}

async function identify(client: Client): Promise<SystemIdentity> {
  const { rows } = await client.query<{ systemid: string; timeline: number; xlogpos: string }>("IDENTIFY_SYSTEM");
  const { systemid, timeline, xlogpos } = only(rows);
  return { systemIdentifier: systemid, timeline: Number(timeline), flushed: parseLsn(xlogpos) };
}

async function history(client: Client, timeline: number): Promise<string> {
  const { rows } = await client.query<{ content: Buffer | string }>(`TIMELINE_HISTORY ${timeline}`);
  const { content } = only(rows);
  return typeof content === "string" ? content : content.toString("utf8"); // text up to 14, bytea later
}

async function createSlot(client: Client, name: string): Promise<void> {
  const alreadyThere = "42710";
  try {
    await client.query(`CREATE_REPLICATION_SLOT "${name}" PHYSICAL RESERVE_WAL`);
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("code" in thrown) || thrown.code !== alreadyThere) throw thrown;
  }
}
