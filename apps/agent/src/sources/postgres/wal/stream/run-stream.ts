import { type Clock, type Logger, MusterError } from "@muster/core";
import type { Domain, SourceLog } from "@muster/repository";
import type { Cluster } from "../../config.ts";
import { sqlFailure } from "../../connection.ts";
import { monitorServer } from "./monitor.ts";
import type { StreamStart } from "./plan-start.ts";
import { type RangeWriter, rangeWriter } from "./range-writer.ts";
import type { Replication } from "./replication.ts";
import type { WalServer } from "./server.ts";
import type { StatusBoard } from "./status-board.ts";
import type { WalCopy } from "./wal-copy.ts";

export interface StreamOptions {
  readonly cluster: Cluster;
  readonly domain: Domain;
  readonly source: string;
  readonly slot: string;
  /** How long WAL may wait for company before it is stored, in milliseconds; 0 for synchronous replication. */
  readonly flushEvery: number;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often the server hears of us at least; it gives up a receiver after wal_sender_timeout, 60 s by default. */
const statusEvery = 5000;

/** How often what has arrived is handed over in synchronous mode at the latest, in milliseconds. */
const eagerly = 50;

export interface Running {
  readonly server: WalServer;
  readonly log: SourceLog;
  readonly replication: Replication;
  readonly start: StreamStart;
  /** What the log has of the first segment. */
  readonly known: Buffer | undefined;
}

/** Streams and measures until the timeline or the connection ends; stores what has arrived before it returns or throws. */
export async function runStream(options: StreamOptions, running: Running, signal: AbortSignal): Promise<void> {
  const { board, slot, cluster, clock } = options;
  const stop = new AbortController();
  const { writer, copy, refused } = connect(options, running, signal);
  board.durable(writer.durable);
  board.set("streaming");
  const timers = [
    setInterval(() => handOver(writer, board), options.flushEvery === 0 ? eagerly : options.flushEvery),
    setInterval(() => copy.confirm(writer.durable, clock.now()), statusEvery),
  ];
  const { server } = running;
  const monitor = monitorServer(cluster, { slot, server, board, clock }, AbortSignal.any([signal, stop.signal]));
  try {
    await Promise.race([copy.ended, writer.failed, refused, monitor.then(() => copy.ended)]);
  } catch (thrown) {
    if (signal.aborted) throw new MusterError("cancelled", "streaming was stopped", { cause: thrown });
    throw sqlFailure(thrown, "replication");
  } finally {
    stop.abort();
    await monitor.catch(() => undefined); // its failure was told, or came after
    writer.flush();
    await writer.drained().catch(() => undefined); // a failure was told: `writer.failed`
    for (const timer of timers) clearInterval(timer);
  }
}

/** Joins the two ends: what the server sends goes to the writer, what is durable back to the server. */
function connect(options: StreamOptions, { server, log, replication, start, known }: Running, signal: AbortSignal) {
  const { board, clock, slot, logger } = options;
  const { segmentSize, pageSize } = server;
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => undefined); // raced by the caller
  const writer: RangeWriter = rangeWriter({
    ...{ log, ...start, known, segmentSize, pageSize, logger, signal },
    eager: options.flushEvery === 0,
    onDurable(position) {
      board.durable(position);
      copy.confirm(position, clock.now());
    },
    onFacts({ lastCommit }) {
      if (lastCommit !== undefined) board.commit(lastCommit);
    },
    onRoom: () => copy.resume(),
  });
  const copy: WalCopy = replication.stream(
    { slot, ...start },
    {
      data(at, bytes) {
        try {
          writer.take(at, bytes);
        } catch (thrown) {
          refused.reject(thrown);
        }
        if (writer.full) copy.pause();
      },
      keepalive(_, reply) {
        if (reply) copy.confirm(writer.durable, clock.now());
      },
    },
  );
  return { writer, copy, refused: refused.promise };
}

function handOver(writer: RangeWriter, board: StatusBoard): void {
  writer.flush();
  if (writer.trouble !== undefined) board.set("stalled", writer.trouble);
  else if (board.state === "stalled") board.set("streaming");
}
