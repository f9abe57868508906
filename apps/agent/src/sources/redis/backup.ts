import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { PointWriter } from "@muster/repository";
import { streamTool } from "../process.ts";
import type { Facts, SourceContext } from "../source.ts";
import type { Server } from "./config.ts";
import { type Connection, withServer } from "./connection.ts";
import { type Layout, readFacts, readLayout, serverTime } from "./server-facts.ts";
import { takeSnapshot } from "./snapshot.ts";

/** The one entry of a Redis recovery point. */
export const snapshotEntry = "dump.rdb";

interface Meta {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
}

/** Stores one new snapshot. The point's moment is the start of its save, by the server's clock, corrected to ours. */
export function backupServer(
  server: Server,
  context: SourceContext,
  writer: PointWriter,
): Promise<{ takenAt: number; facts: Facts }> {
  return withServer(server, context.signal, async (connection) => {
    const layout = await readLayout(connection, server.config);
    const offset = await clockOffset(connection, context);
    const facts = await readFacts(connection);
    const store = server.config.method === "disk" ? storeFromDisk : storeFromStream;
    const { startedAt, bytes, owner } = await store(server, connection, layout, context, writer);
    return {
      takenAt: startedAt - offset,
      facts: { ...facts, ...layout, ...owner, rdbBytes: bytes, startedAtServer: startedAt, clockOffset: offset },
    };
  });
}

interface Stored {
  readonly startedAt: number;
  readonly bytes: number;
  readonly owner: Facts;
}

async function storeFromDisk(
  server: Server,
  connection: Connection,
  layout: Layout,
  context: SourceContext,
  writer: PointWriter,
): Promise<Stored> {
  const { file, startedAt } = await takeSnapshot(server, connection, layout, context);
  await using handle = file;
  const { mode, uid, gid, mtimeNs } = await handle.stat({ bigint: true });
  const meta = { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs };
  const bytes = await store(writer, meta, handle.createReadStream({ autoClose: false }), context);
  return { startedAt, bytes, owner: { ownerUid: meta.uid, ownerGid: meta.gid } };
}

/** Takes the snapshot as a replica would; for servers whose disk the agent cannot read. */
async function storeFromStream(
  { config, password }: Server,
  connection: Connection,
  _layout: Layout,
  context: SourceContext,
  writer: PointWriter,
): Promise<Stored> {
  const startedAt = await serverTime(connection);
  const program = config.binDirectory === undefined ? "redis-cli" : join(config.binDirectory, "redis-cli");
  const user = config.username === undefined ? [] : ["--user", config.username];
  const argv = [program, "-h", config.host, "-p", String(config.port), ...user, "--rdb", "-"];
  const env: Record<string, string> = password === undefined ? {} : { REDISCLI_AUTH: password };
  const meta = { mode: 0o660, uid: 0, gid: 0, mtimeNs: BigInt(context.clock.now()) * 1_000_000n };
  const bytes = await store(writer, meta, streamTool({ argv, env, signal: context.signal }), context);
  return { startedAt, bytes, owner: {} };
}

async function store(
  writer: PointWriter,
  meta: Meta,
  content: AsyncIterable<Uint8Array>,
  context: SourceContext,
): Promise<number> {
  let bytes = 0;
  const counted = checkedSnapshot(content, (length) => {
    bytes += length;
    context.progress(bytes, 0, "bytes", "reading the snapshot");
  });
  await writer.addFile(snapshotEntry, meta, counted);
  return bytes;
}

/** Passes an RDB on; throws `source-failed` when it does not begin as one. */
async function* checkedSnapshot(
  content: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  for await (const chunk of content) {
    if (head.length < 5) head = Buffer.concat([head, chunk]).subarray(0, 5);
    if (head.length === 5 && head.toString("latin1") !== "REDIS") break;
    count(chunk.length);
    yield chunk;
  }
  if (head.toString("latin1") !== "REDIS") {
    throw new MusterError("source-failed", "what Redis gave is not a snapshot: it does not begin with REDIS");
  }
}

async function clockOffset(connection: Connection, { clock }: SourceContext): Promise<number> {
  const before = clock.now();
  return Math.round((await serverTime(connection)) - (before + clock.now()) / 2);
}
