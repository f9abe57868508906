import { join } from "node:path";
import { asMusterError, backoffDelay, type Clock, createLogger, type Logger, sleep } from "@muster/core";
import { fromBinary, RepositoryGrantSchema } from "@muster/protocol/grpc";
import type { Domain } from "@muster/repository";
import { openGrant } from "../../../../jobs/grant.ts";
import { keepArchiving } from "../archive/keep-archiving.ts";
import { keepStreaming } from "../stream/keep-streaming.ts";
import { type StatusBoard, statusBoard } from "../stream/status-board.ts";
import type { WalMessage, WalRequest } from "./messages.ts";

/** How often the agent hears how it stands, in milliseconds. */
const reportEvery = 2000;
const backoff = { initial: 500, max: 30_000 };

/** Protects the WAL of one cluster until the signal aborts, whatever fails meanwhile. */
export async function protectWal(
  request: WalRequest,
  clock: Clock,
  signal: AbortSignal,
  report: (message: WalMessage) => void,
): Promise<void> {
  const logger = createLogger(`wal ${request.name}`, "warn");
  const board = statusBoard(clock);
  const timer = setInterval(() => report({ kind: "status", status: board.read() }), reportEvery);
  try {
    const domain = await openedDomain(request, { board, logger, signal });
    if (domain === undefined) return;
    const { config, secrets, name: source, stateDirectory } = request;
    const cluster = { config, password: secrets.password };
    const options = { cluster, domain, source, board, clock, logger };
    if (config.wal === "archive") {
      await keepArchiving({ ...options, directory: config.walDirectory ?? join(stateDirectory, "archive") }, signal);
    } else await keepStreaming({ ...options, slot: config.walSlot, flushEvery: config.walFlushEvery }, signal);
  } finally {
    clearInterval(timer);
  }
}

/** The repository may be away when the host starts; the server keeps its WAL until it is there. */
async function openedDomain(
  request: WalRequest,
  { board, logger, signal }: { board: StatusBoard; logger: Logger; signal: AbortSignal },
): Promise<Domain | undefined> {
  const grant = fromBinary(RepositoryGrantSchema, Buffer.from(request.grant, "base64"));
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await openGrant(grant, request);
    } catch (thrown) {
      const error = asMusterError(thrown);
      board.set("stalled", error);
      logger.warn({ code: error.code, hint: error.hint }, `the repository cannot be opened: ${error.message}`);
      await sleep(backoffDelay(attempt, backoff), signal).catch(() => undefined); // the loop's condition tells an abort
    }
  }
  return undefined;
}
