import { MusterError, sleep, throwIfAborted } from "@muster/core";
import { only } from "../../cluster-facts.ts";
import { parseLsn } from "../lsn.ts";
import type { PrivateInstance } from "./instance.ts";

/** How far a recovery is. */
export interface RecoveryState {
  readonly replayed: bigint;
  /** The time of the last transaction that was replayed, in ms since the Unix epoch. */
  readonly lastCommit: number | undefined;
}

const lookEvery = 100;

/**
 * Waits until the instance has paused at its target, or, for `latest`, has ended its recovery. Throws `target-too-late`, `target-too-early` and
 * `source-failed` with the server's own words when it gives up.
 */
export async function untilTarget(
  instance: PrivateInstance,
  kind: "paused" | "promoted",
  options: { readonly signal: AbortSignal; readonly onProgress?: ((state: RecoveryState) => void) | undefined },
): Promise<RecoveryState> {
  for (;;) {
    throwIfAborted(options.signal);
    if (instance.ended !== undefined) throw gaveUp(instance.log());
    const state = await instance.query(readState).catch((thrown: unknown) => {
      if (thrown instanceof MusterError && thrown.code === "source-unavailable") return undefined; // not consistent yet
      throw thrown;
    });
    if (state !== undefined) {
      options.onProgress?.(state);
      if (kind === "paused" ? state.paused : !state.recovering) return state;
      if (!state.recovering) throw new MusterError("source-failed", "recovery ended without a pause at its target");
    }
    await sleep(lookEvery, options.signal);
  }
}

async function readState(client: Parameters<Parameters<PrivateInstance["query"]>[0]>[0]) {
  const { rows } = await client.query<{ recovering: boolean; paused: boolean; lsn: string; time: string | null }>(
    `SELECT pg_is_in_recovery() AS recovering,
            pg_is_in_recovery() AND pg_get_wal_replay_pause_state() = 'paused' AS paused,
            coalesce(pg_last_wal_replay_lsn(), '0/0')::text AS lsn,
            (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::text AS time`,
  );
  const { recovering, paused, lsn, time } = only(rows);
  return { recovering, paused, replayed: parseLsn(lsn), lastCommit: time === null ? undefined : Number(time) };
}

function gaveUp(log: string): MusterError {
  const said = log.split("\n").filter((line) => /FATAL|PANIC|ERROR|HINT/.test(line));
  const message = `PostgreSQL gave up its recovery: ${said.slice(-3).join(" ").trim() || log.slice(-500).trim()}`;
  if (/recovery ended before configured recovery target was reached/.test(log))
    return new MusterError("target-too-late", message);
  if (/stop point is before consistent recovery point/.test(log)) return new MusterError("target-too-early", message);
  return new MusterError("source-failed", message, {
    retryable: false,
    hint: "Read the server's own words; the data directory is kept.",
  });
}
