import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, MusterError } from "@muster/core";
import type { SourceLog } from "@muster/repository";
import { only } from "../../cluster-facts.ts";
import type { Client } from "../../connection.ts";
import { writeCommand } from "../commands.ts";
import { servePrefetch } from "../fetch/prefetch.ts";
import { openHandover } from "../handover.ts";
import { checkTarget } from "./check-target.ts";
import { ownerOf, type PrivateInstance, startInstance } from "./instance.ts";
import { type RecoveryTarget, targetSettingsOf } from "./target.ts";
import { findPath, type RecoveryBase } from "./timeline-path.ts";
import { type RecoveryState, untilTarget } from "./watch.ts";

export interface RecoverOptions {
  /** A restored data directory that no server runs on. */
  readonly dataDirectory: string;
  readonly base: RecoveryBase;
  readonly log: SourceLog;
  readonly target: RecoveryTarget;
  readonly timeline: "latest" | number;
  readonly binDirectory: string;
  /** Private to this recovery, on the disk of the data directory so that WAL is moved and not copied; made and removed here. */
  readonly workDirectory: string;
  readonly user: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onProgress?: ((state: RecoveryState) => void) | undefined;
  /** Looks at the recovered data before it is promoted, read-only; what it throws ends the recovery. */
  readonly validate?: ((instance: PrivateInstance) => Promise<void>) | undefined;
}

export interface Recovered extends RecoveryState {
  /** The new timeline. */
  readonly timeline: number;
}

/**
 * Recovers a restored data directory to the target and leaves it promoted, shut down in order and ready to start. Killed before that, it
 * leaves a directory that does not start by itself: `recovery.signal` is there and no command to fetch WAL with. Another call goes on.
 */
export async function recoverTo(options: RecoverOptions): Promise<Recovered> {
  const { dataDirectory, base, log, target, workDirectory, logger, signal } = options;
  // Would PostgreSQL stop there at all? Its own answer comes late and is an abort.
  const listing = await log.list({ signal });
  const path = await findPath(log, listing, base, options.timeline);
  await checkTarget(target, { log, listing, base, path, signal });

  // WAL is fetched ahead while the server replays.
  const account = await ownerOf(dataDirectory);
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  if (account !== undefined) await chown(workDirectory, account.uid, account.gid);
  const handover = await openHandover(join(workDirectory, "wal"), account);
  const command = await writeCommand(handover.directory, "restore");
  const stop = new AbortController();
  const served = servePrefetch({ log, listing, handover, logger }, AbortSignal.any([signal, stop.signal]));
  await writeFile(join(dataDirectory, "recovery.signal"), "");
  const instance = await startInstance(
    {
      ...{ dataDirectory, binDirectory: options.binDirectory, user: options.user },
      workDirectory: join(workDirectory, "server"),
      settings: [["restore_command", `${command} %f %p`], ...targetSettingsOf(target, path.timeline)],
    },
    signal,
  );
  try {
    const kind = target.kind === "latest" ? "promoted" : "paused";
    const state = await untilTarget(instance, kind, { signal, onProgress: options.onProgress });
    await (options.validate ?? answersEverywhere)(instance);
    const timeline = await promote(instance);
    await instance.stop();
    return { replayed: state.replayed, lastCommit: state.lastCommit, timeline };
  } finally {
    if (instance.ended === undefined) instance.kill();
    stop.abort();
    await served;
    await rm(workDirectory, { recursive: true, force: true });
  }
}

/** The least of a validation: every database lets us in and reads its catalog. */
async function answersEverywhere(instance: PrivateInstance): Promise<void> {
  const { rows } = await instance.query((client) =>
    client.query<{ name: string }>("SELECT datname AS name FROM pg_database WHERE datallowconn"),
  );
  for (const { name } of rows) await instance.query((client) => client.query("SELECT count(*) FROM pg_class"), name);
}

/** Ends recovery where it stands, on a new timeline. */
function promote(instance: PrivateInstance): Promise<number> {
  return instance.query(async (client: Client) => {
    const { rows } = await client.query<{ recovering: boolean }>("SELECT pg_is_in_recovery() AS recovering");
    if (only(rows).recovering) {
      const promoted = await client.query<{ done: boolean }>("SELECT pg_promote(true, 300) AS done");
      if (!only(promoted.rows).done)
        throw new MusterError("source-failed", "PostgreSQL was not promoted within 5 minutes");
    }
    await client.query("CHECKPOINT"); // pg_control names the new timeline only from here on
    const timeline = await client.query<{ id: number }>("SELECT timeline_id AS id FROM pg_control_checkpoint()");
    return only(timeline.rows).id;
  });
}
