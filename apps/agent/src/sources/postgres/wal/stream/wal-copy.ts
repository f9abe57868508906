import type { Client, Connection, Submittable } from "pg";
import { formatLsn, parseLsn } from "../lsn.ts";

/** What the server sends while it streams. Called in order; the bytes are valid until the call returns. */
export interface WalSink {
  data(start: bigint, bytes: Buffer): void;
  /** The server's position; with `reply` it wants to hear where we are at once. */
  keepalive(position: bigint, reply: boolean): void;
}

/** The end of a timeline that the server does not go on with. */
export interface TimelineEnd {
  readonly nextTimeline: number;
  readonly position: bigint;
}

export interface WalCopy {
  /** Resolves at the end of the timeline; rejects when the connection breaks or the server refuses. */
  readonly ended: Promise<TimelineEnd | undefined>;
  /** Tells the server that everything before the position is durable. */
  confirm(durable: bigint, now: number): void;
  /** Takes no more bytes from the socket until `resume`. */
  pause(): void;
  resume(): void;
}

export interface CopyRequest {
  readonly slot: string;
  readonly start: bigint;
  readonly timeline: number;
}

/** What a connection can do beyond its types: the messages of a copy. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Milliseconds from the Unix epoch to that of PostgreSQL, 2000-01-01. */
const serverEpoch = Date.UTC(2000, 0, 1);

/**
 * Streams WAL over a connection in replication mode: START_REPLICATION and the copy in both directions that follows ("Streaming
 * Replication Protocol" in PostgreSQL's manual).
 */
export function startWalCopy(client: Client, { slot, start, timeline }: CopyRequest, sink: WalSink): WalCopy {
  const command = `START_REPLICATION SLOT "${slot}" PHYSICAL ${formatLsn(start)} TIMELINE ${timeline}`;
  let connection: CopyConnection | undefined;
  const ended = Promise.withResolvers<TimelineEnd | undefined>();
  let end: TimelineEnd | undefined;
  const fail = (error: Error): void => ended.reject(error);
  client.on("error", fail);
  client.on("end", () => fail(new Error("the connection ended")));

  const query: Submittable & Record<string, unknown> = {
    submit(given: Connection) {
      connection = given as CopyConnection; // pg's own class; its types leave these methods out
      given.once("copyDone", () => connection?.endCopyFrom());
      given.query(command);
    },
    handleError: fail,
    handleCopyData: ({ chunk }: { chunk: Buffer }) => receive(chunk, sink),
    handleRowDescription: () => undefined,
    handleDataRow({ fields }: { fields: (string | null)[] }) {
      const [next, position] = fields;
      if (typeof next === "string" && typeof position === "string")
        end = { nextTimeline: Number(next), position: parseLsn(position) };
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => ended.resolve(end),
    handleEmptyQuery: () => undefined,
    handlePortalSuspended: () => undefined,
    handleCopyInResponse: () => undefined,
  };
  client.query(query);
  return {
    ended: ended.promise,
    confirm: (durable, now) => connection?.sendCopyFromChunk(statusUpdate(durable, now)),
    pause: () => void connection?.stream.pause(),
    resume: () => void connection?.stream.resume(),
  };
}

function receive(chunk: Buffer, sink: WalSink): void {
  switch (chunk.readUInt8(0)) {
    case 0x77: // w: WAL
      sink.data(chunk.readBigUInt64BE(1), chunk.subarray(25));
      break;
    case 0x6b: // k: keepalive
      sink.keepalive(chunk.readBigUInt64BE(1), chunk.readUInt8(17) === 1);
      break;
    default: // nothing else is sent to a physical receiver
  }
}

/** Written, flushed and applied are one thing here: durable in the repository. */
function statusUpdate(durable: bigint, now: number): Buffer {
  const message = Buffer.alloc(34);
  message.writeUInt8(0x72, 0); // r
  for (const at of [1, 9, 17]) message.writeBigUInt64BE(durable, at);
  message.writeBigInt64BE(BigInt(Math.round((now - serverEpoch) * 1000)), 25);
  return message;
}
