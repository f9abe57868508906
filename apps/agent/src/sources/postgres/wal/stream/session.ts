import { deadline, MusterError } from "@muster/core";
import type { LogRange, SourceLog } from "@muster/repository";
import { withClient } from "../../connection.ts";
import { formatLsn, historyName } from "../lsn.ts";
import { parseHistory, type TimelineSpan } from "../timeline-history.ts";
import { openServerLog } from "./open-server-log.ts";
import { planStart, type StreamStart } from "./plan-start.ts";
import { openReplication, type Replication } from "./replication.ts";
import { runStream, type StreamOptions } from "./run-stream.ts";
import { dropSlot, readSlot, readWalServer } from "./server.ts";

/** How long the first look at a server may take, in milliseconds. */
const lookTime = 30_000;
/**
 * One stream, from the look at the server to the end of its timeline or the loss of either side; what was received is stored before
 * it returns. `lostBefore` is the position that an earlier stream learned to be the first that the server still has.
 */
export async function streamOnce(
  options: StreamOptions,
  lostBefore: bigint | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, board, slot, source } = options;
  // Who is it, and is the log of this very cluster?
  const server = await withClient(cluster, deadline(lookTime, signal), readWalServer);
  const log = await openServerLog(options, server, signal);
  await using replication = await openReplication(cluster, slot, signal);
  const { timeline, systemIdentifier } = await replication.identify();
  board.server(systemIdentifier, timeline);

  // The slot first, so that nothing more is lost while the rest is found out.
  await keepSlot(options, replication, signal);
  const kept = (await withClient(cluster, signal, (client) => readSlot(client, slot)))?.restartLsn ?? 0n;
  const past = await readPast(replication, log, timeline, signal);
  const { ranges } = await log.list({ signal });
  const start = planStart({ ranges, past, segmentSize: server.segmentSize, kept, lostBefore });
  if (start.gap !== undefined) {
    const gap = { timeline: start.timeline, start: formatLsn(start.gap.start), end: formatLsn(start.gap.end) };
    board.gap(gap);
    options.logger.error({ source, ...gap }, "the server has lost WAL that is in no log: back up the cluster anew");
  }
  const known = await readKnown(log, start, ranges, signal);
  await runStream(options, { server, log, replication, start, known }, signal);
}

/** Makes the slot where it is missing; one that has lost WAL is of no use any more and is made anew. */
async function keepSlot(
  { cluster, slot, board, logger }: StreamOptions,
  replication: Replication,
  signal: AbortSignal,
): Promise<void> {
  await withClient(cluster, signal, async (client) => {
    const found = await readSlot(client, slot);
    board.slot(slot, found);
    if (found?.walStatus !== "lost") return;
    logger.error({ slot }, "the slot has lost WAL and is made anew");
    await dropSlot(client, slot);
  });
  await replication.createSlot(slot);
}

/** The server's past by its history file, which goes into the log. */
async function readPast(
  replication: Replication,
  log: SourceLog,
  timeline: number,
  signal: AbortSignal,
): Promise<TimelineSpan[]> {
  if (timeline === 1) return [{ timeline, end: undefined }];
  const content = await replication.history(timeline);
  await log.putFile(historyName(timeline), Buffer.from(content), { signal });
  return parseHistory(timeline, content);
}

async function readKnown(
  log: SourceLog,
  { timeline, start, durable }: StreamStart,
  ranges: Parameters<SourceLog["read"]>[1]["ranges"],
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (durable <= start) return undefined;
  const range: LogRange = { timeline, start, end: durable };
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of log.read(range, { ranges }, { signal })) pieces.push(piece);
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "log-gap") return undefined; // begun within the segment
    throw thrown;
  }
  return Buffer.concat(pieces);
}
