import { rm } from "node:fs/promises";
import { asMusterError } from "@muster/core";
import type { ControlPlane } from "../context.ts";
import { type Loop, startLoop } from "../schedules/loop.ts";
import { lastSweeps } from "./store.ts";
import { scratchFolder, sweepRepository } from "./sweep-repository.ts";

/** Between two looks whether a sweep is due, in milliseconds. */
const interval = 60_000;

/** Starts the sweeps that the control plane does by itself. */
export async function startSweeps(cp: ControlPlane): Promise<Loop> {
  await rm(scratchFolder(cp), { recursive: true, force: true }); // of a process that was killed
  const since = cp.clock.now();
  return startLoop(cp, "sweep", interval, (signal) => sweepDue(cp, { since, signal }));
}

/**
 * Sweeps every repository whose last sweep, or `since`, is long enough ago. One that fails does not keep the others
 * waiting, and is tried again when its next sweep is due.
 */
export async function sweepDue(
  cp: ControlPlane,
  { since, signal }: { readonly since: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const rows = await lastSweeps(cp.db, { succeeded: false });
  const last = new Map(rows.map((row) => [row.repository, row.startedAt.getTime()]));
  for (const repository of cp.repositories.names()) {
    const every = cp.config.repositories[repository]?.sweep?.every;
    if (every === undefined || signal?.aborted) continue;
    if ((last.get(repository) ?? since) + every > cp.clock.now()) continue;
    try {
      await sweepRepository(cp, { repository, dryRun: false, signal }, "system");
    } catch (thrown) {
      cp.log.error({ err: asMusterError(thrown), repository }, "a sweep failed; what it did stays done");
    }
  }
}
