import { open } from "node:fs/promises";
import { asMusterError, type Logger, type MusterError } from "@muster/core";
import type { LogListing, SourceLog } from "@muster/repository";
import { type Handover, serveHandover } from "../handover.ts";
import { type SegmentName, segmentName } from "../lsn.ts";
import { findArchived, type Present, readArchived, segmentAfter, segmentSizeOf } from "./archived-file.ts";

/** PostgreSQL takes 1 to 125 for "no more WAL"; above it stops, which is right for every other trouble. */
export const statusMissing = 1;
export const statusTrouble = 200;

export interface PrefetchOptions {
  readonly log: SourceLog;
  /** What is served: recovery reads the log as it was at this list. */
  readonly listing: LogListing;
  readonly handover: Handover;
  readonly logger: Logger;
  /** Segments that are fetched at once, and that lie ready ahead of the server. */
  readonly parallel?: number;
  readonly ahead?: number;
}

/** Serves the restore_command of one recovery until the signal aborts: what is asked for, and what will be asked for next. */
export async function servePrefetch(options: PrefetchOptions, signal: AbortSignal): Promise<void> {
  const { handover, listing, logger, parallel = 3, ahead = 12 } = options;
  const segmentSize = segmentSizeOf(options.log);
  const running = new Map<string, Promise<void>>();
  /** What is to be fetched ahead next; undefined at the end of what is whole. */
  let next: SegmentName | undefined;

  const start = (name: string, found: Present): void => {
    const task = fetchFile(options, name, found, signal)
      .catch((thrown: unknown) => failed(options, name, asMusterError(thrown)))
      .finally(() => {
        running.delete(name);
        served.look();
      });
    running.set(name, task);
  };
  const answer = async (name: string): Promise<void> => {
    try {
      const found = findArchived(name, listing, segmentSize);
      if (found.kind === "missing") return await handover.refuse(name, statusMissing, "not in the log");
      start(name, found);
      if (found.kind === "segment") next = segmentAfter(found.segment, segmentSize);
    } catch (thrown) {
      await failed(options, name, asMusterError(thrown));
    }
  };
  const served = serveHandover({ handover, logger }, signal, async () => {
    const ready = await handover.ready();
    for (const name of await handover.wanted()) if (!ready.has(name) && !running.has(name)) await answer(name);
    while (next !== undefined && running.size < parallel && ready.size + running.size < ahead) {
      const name = segmentName(next, segmentSize);
      const found = wholeSegment(name, listing, segmentSize);
      next = found === undefined ? undefined : segmentAfter(next, segmentSize);
      if (found !== undefined && !running.has(name) && !ready.has(name)) start(name, found);
    }
  });
  await served.ended;
  await Promise.all(running.values());
}

/** Only what is whole is fetched ahead: the tail may be asked for once more when there is more of it, and a gap is told when it is asked for. */
function wholeSegment(name: string, listing: LogListing, segmentSize: number): Present | undefined {
  try {
    const found = findArchived(name, listing, segmentSize);
    return found.kind === "segment" ? found : undefined;
  } catch {
    return undefined;
  }
}

async function fetchFile(
  { log, listing, handover }: PrefetchOptions,
  name: string,
  found: Present,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(handover.draft(name), "w", 0o600);
  try {
    for await (const piece of readArchived(log, found, listing, signal)) await file.writeFile(piece);
  } finally {
    await file.close();
  }
  await handover.publish(name);
}

/** What nobody waits for is tried again when somebody asks for it. */
async function failed({ handover, logger }: PrefetchOptions, name: string, error: MusterError): Promise<void> {
  logger.error({ name, code: error.code }, `WAL cannot be fetched: ${error.message}`);
  if ((await handover.wanted()).includes(name))
    await handover.refuse(name, statusTrouble, `${error.code}: ${error.message}`);
}
