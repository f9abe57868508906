import { stat } from "node:fs/promises";
import { asMusterError, backoffDelay, type Clock, deadline, type Logger, sleep } from "@muster/core";
import type { Domain } from "@muster/repository";
import type { Cluster } from "../../config.ts";
import { withClient } from "../../connection.ts";
import { writeCommand } from "../commands.ts";
import { type Account, openHandover } from "../handover.ts";
import { parseSegmentName } from "../lsn.ts";
import { monitorServer } from "../stream/monitor.ts";
import { openServerLog } from "../stream/open-server-log.ts";
import { readWalServer } from "../stream/server.ts";
import type { StatusBoard } from "../stream/status-board.ts";
import { serveArchive } from "./serve-archive.ts";

export interface ArchivingOptions {
  readonly cluster: Cluster;
  readonly domain: Domain;
  readonly source: string;
  /** Where archive_command is, as `archive-wal`. */
  readonly directory: string;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookTime = 30_000;
const backoff = { initial: 250, max: 15_000 };

/** Serves archive_command for as long as the agent runs; what is archived while the server is away stays to be asked for. */
export async function keepArchiving(options: ArchivingOptions, signal: AbortSignal): Promise<void> {
  const { board, logger, source } = options;
  for (let failures = 0; !signal.aborted; ) {
    try {
      await archiveWhileUp(options, signal);
      failures = 0;
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asMusterError(thrown);
      board.set(error.code === "log-identity" ? "refused" : "disconnected", error);
      logger.warn({ source, code: error.code, hint: error.hint }, `WAL is not archived: ${error.message}`);
      await sleep(backoffDelay(failures++, backoff), signal).catch(() => undefined); // the loop's condition tells an abort
    }
  }
}

async function archiveWhileUp(options: ArchivingOptions, signal: AbortSignal): Promise<void> {
  const { cluster, board, clock, logger, directory } = options;
  const server = await withClient(cluster, deadline(lookTime, signal), readWalServer);
  const log = await openServerLog(options, server, signal);
  const handover = await openHandover(directory, await accountOf(server.dataDirectory));
  await writeCommand(handover.directory, "archive");
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  board.set("streaming");
  const onArchived = (name: string): void => {
    const segment = parseSegmentName(name, server.segmentSize);
    if (segment === undefined) return;
    board.server(server.systemIdentifier, segment.timeline);
    board.durable(segment.start + BigInt(server.segmentSize));
  };
  const served = serveArchive({ log, handover, logger, onArchived }, either);
  try {
    await monitorServer(cluster, { slot: undefined, server, board, clock }, signal);
  } finally {
    stop.abort();
    await served;
  }
}

/** Whom the server runs as, when it is on this host and we may act for it. */
async function accountOf(dataDirectory: string | undefined): Promise<Account | undefined> {
  if (dataDirectory === undefined || process.getuid?.() !== 0) return undefined;
  const found = await stat(dataDirectory).catch(() => undefined); // on another host
  return found === undefined ? undefined : { uid: found.uid, gid: found.gid };
}
