import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { deadline, MusterError, sleep, systemErrorCode } from "@muster/core";
import type { SourceContext } from "../source.ts";
import type { Server } from "./config.ts";
import type { Connection } from "./connection.ts";
import { info, type Layout, serverTime } from "./server-facts.ts";

const pollInterval = 50;

/**
 * Has the server write a new snapshot and opens it. The open file stays this snapshot even when a later save
 * replaces its name. Returns also the moment (ms, server's clock) before the save began.
 * Throws `source-failed` when the save fails, `timeout` when it does not end.
 */
export async function takeSnapshot(
  server: Server,
  connection: Connection,
  layout: Layout,
  context: SourceContext,
): Promise<{ file: FileHandle; startedAt: number }> {
  const signal = deadline(server.config.saveTimeoutSeconds * 1000, context.signal);
  try {
    const before = await quietMoment(connection, signal);
    const startedAt = await serverTime(connection);
    await connection.call("BGSAVE", "SCHEDULE"); // waits for a running AOF rewrite instead of failing
    await saved(connection, before, signal);
    return { file: await openSnapshot(layout), startedAt };
  } catch (error) {
    if (!signal.aborted || context.signal.aborted) throw error;
    throw new MusterError("timeout", `Redis did not end its save in ${server.config.saveTimeoutSeconds} s`, {
      cause: error,
    });
  }
}

/**
 * Waits until no save runs (one that runs began before we asked) and LASTSAVE, which counts whole seconds, lies in a second
 * that is over: then our save is sure to move it.
 */
async function quietMoment(connection: Connection, signal: AbortSignal): Promise<number> {
  for (;;) {
    const fields = await info(connection, "persistence");
    const last = Number(fields.get("rdb_last_save_time"));
    const idle = fields.get("rdb_bgsave_in_progress") === "0";
    if (idle && Math.floor((await serverTime(connection)) / 1000) > last) return last;
    await sleep(pollInterval, signal);
  }
}

async function saved(connection: Connection, before: number, signal: AbortSignal): Promise<void> {
  let begun = false;
  for (;;) {
    const fields = await info(connection, "persistence");
    const running = fields.get("rdb_bgsave_in_progress") === "1";
    begun ||= running;
    const moved = Number(fields.get("rdb_last_save_time")) > before;
    const failed = fields.get("rdb_last_bgsave_status") !== "ok";
    if (!running && moved && !failed) return;
    if (!running && begun && failed) {
      throw new MusterError("source-failed", "Redis could not write its snapshot (rdb_last_bgsave_status: err)", {
        hint: "Look at the server's log; often its disk is full or it may not write to its dir.",
      });
    }
    await sleep(pollInterval, signal);
    // A save so short that it was never seen running: its status tells, once it had time to begin.
    begun ||= failed && (await serverTime(connection)) / 1000 > before + 5;
  }
}

async function openSnapshot(layout: Layout): Promise<FileHandle> {
  const path = join(layout.directory, layout.dbfilename);
  try {
    return await open(path, "r");
  } catch (cause) {
    const code = systemErrorCode(cause);
    throw new MusterError("source-failed", `the snapshot ${path} cannot be read (${code})`, {
      cause,
      retryable: false,
      hint: "Set dataDirectory to the server's dir as this host sees it and let the agent read it, or set method: stream.",
    });
  }
}
