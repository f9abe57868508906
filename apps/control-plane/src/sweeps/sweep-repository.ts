import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { asMusterError, errorValue, MusterError, newId } from "@muster/core";
import { recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane } from "../context.ts";
import { sweepRules } from "./rules.ts";
import { endSilentSweeps, endSweep, insertSweep, type SweepRow, touchSweep } from "./store.ts";
import { reportOf } from "./views.ts";

/** Between two signs of life of a run, and the silence after which it counts as ended; milliseconds. */
const sign = 10_000;
const silence = 120_000;

export interface SweepRequest {
  readonly repository: string;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Deletes what has expired in a repository, or says what would go, and records the run with its result. Throws `not-found`,
 * `config-invalid` when the repository has no sweep, `conflict` while another one is at work, and what the sweep throws.
 */
export async function sweepRepository(cp: ControlPlane, request: SweepRequest, by: Actor): Promise<SweepRow> {
  const opened = await cp.repositories.openForSweep(request.repository);
  const row = await begin(cp, request, by);
  const alive = setInterval(() => {
    touchSweep(cp.db, row.id, new Date(cp.clock.now())).catch((err: unknown) =>
      cp.log.warn({ err, sweep: row.id }, "a sweep's sign of life could not be stored"),
    );
  }, sign).unref();
  try {
    const scratch = scratchFolder(cp);
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const { dryRun, signal } = request;
    const { grace } = opened.settings;
    const rules = sweepRules(cp, request.repository);
    const report = reportOf(await opened.repository.sweep(opened.store, { rules, grace, scratch, dryRun, signal }));
    return await end(cp, row, { state: "succeeded", report }, by);
  } catch (thrown) {
    await end(cp, row, { state: "failed", error: errorValue(asMusterError(thrown)) }, by);
    throw thrown;
  } finally {
    clearInterval(alive);
  }
}

/** Temporary files of sweeps; what is in it at the start of the process is of none that still runs. */
export function scratchFolder({ config }: Pick<ControlPlane, "config">): string {
  return join(config.dataDirectory, "sweeps");
}

async function begin(cp: ControlPlane, { repository, dryRun }: SweepRequest, by: Actor): Promise<SweepRow> {
  const now = cp.clock.now();
  const at = new Date(now);
  const gone = errorValue(new MusterError("internal", "the process that ran this sweep is gone; the next one goes on"));
  await endSilentSweeps(cp.db, new Date(now - silence), gone);
  const fields = { repository, dryRun, requestedBy: by, state: "running", startedAt: at, seenAt: at } as const;
  const row = await insertSweep(cp.db, { id: newId("swp"), ...fields });
  if (row !== undefined) return row;
  throw new MusterError("conflict", `a sweep of ${repository} is at work`, { hint: "Wait for its end." });
}

async function end(
  cp: ControlPlane,
  row: SweepRow,
  outcome: Pick<SweepRow, "state"> & Partial<Pick<SweepRow, "report" | "error">>,
  by: Actor,
): Promise<SweepRow> {
  const now = cp.clock.now();
  const finishedAt = new Date(now);
  await cp.db.transaction(async (tx) => {
    await endSweep(tx, row.id, { ...outcome, finishedAt });
    if (row.dryRun) return;
    const details = { sweep: row.id, state: outcome.state, error: outcome.error?.code };
    await recordAudit(tx, now, { actor: by, action: "repository.sweep", subject: row.repository, details });
  });
  return { ...row, ...outcome, finishedAt };
}
