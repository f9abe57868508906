import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asMusterError, type Logger, systemErrorCode } from "@muster/core";
import type { SourceLog } from "@muster/repository";
import { type Handover, serveHandover } from "../handover.ts";
import { archiveFile } from "./archive-files.ts";

/** Files that are archived at once, and the most that are archived before PostgreSQL asks for them. */
const parallel = 3;
const mostAhead = 64;

export interface ArchiveOptions {
  readonly log: SourceLog;
  readonly handover: Handover;
  readonly logger: Logger;
  /** Told of each file that is durable. */
  readonly onArchived?: ((name: string) => void) | undefined;
}

/**
 * Serves archive_command until the signal aborts. PostgreSQL asks for one file after the other; what it has marked as ready behind the
 * one that it asks for is archived at the same time, and its mark says so when its turn comes. A mark follows durable storage only.
 */
export async function serveArchive(
  { log, handover, logger, onArchived }: ArchiveOptions,
  signal: AbortSignal,
): Promise<void> {
  const running = new Map<string, Promise<void>>();
  /** Archived, and not yet marked so by PostgreSQL. */
  const done = new Set<string>();
  /** Where PostgreSQL keeps its WAL, as its first question says. */
  let walDirectory: string | undefined;
  /** After a failure nothing is archived ahead until PostgreSQL asks again, which it does in its own time. */
  let paused = false;
  const archive = (name: string, path: string, asked: boolean): void => {
    const task = archiveFile(log, path, name, signal)
      .then(async () => {
        await writeFile(handover.draft(name), "");
        await handover.publish(name);
        done.add(name);
        onArchived?.(name);
      })
      .catch(async (thrown: unknown) => {
        paused = true;
        const { code, message } = asMusterError(thrown);
        logger.error({ name, code }, `WAL cannot be archived: ${message}`);
        if (asked || (await handover.wanted()).includes(name)) await handover.refuse(name, 1, `${code}: ${message}`);
      })
      .finally(() => {
        running.delete(name);
        served.look();
      });
    running.set(name, task);
  };
  const served = serveHandover({ handover, logger }, signal, async () => {
    const ready = await handover.ready();
    for (const name of await handover.wanted()) {
      if (ready.has(name)) continue;
      const path = await pathOf(handover, name);
      if (path === undefined) continue; // answered since the folder was listed
      walDirectory = dirname(path);
      if (running.has(name)) continue;
      paused = false;
      archive(name, path, true);
    }
    if (walDirectory === undefined || paused) return;
    const waiting = await readyToArchive(walDirectory);
    for (const name of done) if (!waiting.includes(name)) done.delete(name);
    for (const next of waiting) {
      if (running.size >= parallel || ready.size + running.size >= mostAhead) break;
      if (!done.has(next) && !running.has(next)) archive(next, join(walDirectory, next), false);
    }
  });
  await served.ended;
  await Promise.all(running.values());
  await rm(join(handover.directory, "pid"), { force: true });
}

/** Where the file is that the command asks for; undefined when it does not ask any more. */
async function pathOf({ directory }: Handover, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, "want", name), "utf8")).trim();
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

/** What PostgreSQL has marked as complete, in order. */
async function readyToArchive(walDirectory: string): Promise<string[]> {
  const marks = await readdir(join(walDirectory, "archive_status")).catch(() => []); // not ours to see: one at a time then
  return marks.flatMap((mark) => (mark.endsWith(".ready") ? [mark.slice(0, -".ready".length)] : [])).sort();
}
