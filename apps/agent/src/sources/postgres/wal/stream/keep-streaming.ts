import { asMusterError, backoffDelay, type MusterError, sleep } from "@muster/core";
import { withClient } from "../../connection.ts";
import type { StreamOptions } from "./run-stream.ts";
import { readSlot } from "./server.ts";
import { streamOnce } from "./session.ts";
import type { WalState } from "./status.ts";

/** Waits between tries, in milliseconds; where a person has to look, longer. */
const usual = { initial: 250, max: 15_000 };
const afterRefusal = { initial: 30_000, max: 300_000 };

/** Streams for ever: over restarts of the server, new timelines and failures of either side, until the signal aborts. */
export async function keepStreaming(options: StreamOptions, signal: AbortSignal): Promise<void> {
  const { board, logger, source } = options;
  let failures = 0;
  let lostBefore: bigint | undefined;
  while (!signal.aborted) {
    try {
      await streamOnce(options, lostBefore, signal);
      failures = 0;
      lostBefore = undefined;
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asMusterError(thrown);
      if (board.state === "streaming") failures = 0; // it had begun well
      lostBefore = isGone(error) ? await keptFrom(options, signal) : undefined;
      board.set(stateAfter(error), error);
      logger.warn({ source, code: error.code, hint: error.hint }, `WAL is not streamed: ${error.message}`);
      const wait = backoffDelay(failures++, stateAfter(error) === "refused" ? afterRefusal : usual);
      await sleep(wait, signal).catch(() => undefined); // the loop's condition tells an abort
    }
  }
}

function stateAfter({ code }: MusterError): WalState {
  if (code === "log-conflict" || code === "log-identity" || code === "repository-key-wrong") return "refused";
  return code === "source-unavailable" || code === "source-failed" ? "disconnected" : "stalled";
}

/** What the server says when it has recycled the segment that is asked for. */
function isGone({ message }: MusterError): boolean {
  return /requested WAL segment \w+ has already been removed/.test(message);
}

/** From where on the server keeps WAL for us; undefined when it cannot be asked now. */
function keptFrom({ cluster, slot }: StreamOptions, signal: AbortSignal): Promise<bigint | undefined> {
  return withClient(cluster, signal, (client) => readSlot(client, slot)).then(
    (found) => found?.restartLsn,
    () => undefined, // the next try asks again
  );
}
