import { errorValue, fromErrorValue, MusterError } from "@muster/core";
import type { StoredError } from "@muster/database";
import type { CommandFinished, Copied, Failure } from "@muster/protocol/grpc";
import { setDamaged } from "../catalog/points-store.ts";
import type { CommandHandler, ControlPlane, Tx } from "../context.ts";
import { type CopyRunRow, insertPointCopies, runById, updateRun } from "./store.ts";

/** Progress is stored at most this often, in milliseconds. */
const progressInterval = 2000;
/** A copy that failed is tried again after this time, then after twice as long, and so on, in milliseconds. */
const backoff = { first: 60_000, most: 3_600_000 } as const;

/** What the control plane does with agents' reports about copies; register it for the owner `copy`. */
export function copyHandler(cp: ControlPlane): CommandHandler {
  const storedAt = new Map<string, number>();
  return {
    started: (tx, { ownerId }, at) => updateRun(tx, ownerId, { startedAt: new Date(at) }),
    async progress({ ownerId }, { done, total, unit, note }) {
      if (cp.clock.now() - (storedAt.get(ownerId) ?? 0) < progressInterval) return;
      storedAt.set(ownerId, cp.clock.now());
      await updateRun(cp.db, ownerId, { progress: { done: Number(done), total: Number(total), unit, note } });
    },
    async finished(tx, { ownerId }, { outcome }) {
      storedAt.delete(ownerId);
      const run = await runById(tx, ownerId);
      if (run === undefined) throw new MusterError("not-found", `there is no copy ${ownerId} for this result`);
      if (outcome.case === "copied") await storeCopied(cp, tx, run, outcome.value);
      else await storeFailure(cp, tx, run, failureOf(outcome));
    },
  };
}

async function storeCopied(cp: ControlPlane, tx: Tx, run: CopyRunRow, done: Copied): Promise<void> {
  const now = new Date(cp.clock.now());
  await insertPointCopies(tx, run.toRepository, done.present, now);
  const corrupt = done.failed.flatMap(({ pointId, error }) => (error?.code === "repository-corrupt" ? [pointId] : []));
  await setDamaged(tx, corrupt);
  cp.events.publish({
    type: "point",
    subject: run.id,
    data: { service: run.service, source: run.source, copied: done.present.length, repository: run.toRepository },
  });
  const [failed] = done.failed;
  if (failed?.error !== undefined) {
    await storeFailure(cp, tx, { ...run, bytes: Number(done.bytes) }, errorOf(failed.error));
    return;
  }
  const set = { state: "succeeded", finishedAt: now, bytes: Number(done.bytes), failures: 0 } as const;
  await updateRun(tx, run.id, set);
}

async function storeFailure(cp: ControlPlane, tx: Tx, run: CopyRunRow, error: StoredError): Promise<void> {
  const now = cp.clock.now();
  const failures = run.failures + 1;
  const wait = waitAfter(error, failures);
  const { bytes } = run;
  cp.log.warn({ copy: run.id, service: run.service, source: run.source, to: run.toRepository, error }, "a copy failed");
  const ended = { state: "failed", finishedAt: new Date(now), retryAt: new Date(now + wait) } as const;
  await updateRun(tx, run.id, { ...ended, bytes, error, failures });
}

/** An agent that was started anew goes on at once, but only the first time: it may be the copy that ends it. */
function waitAfter({ code }: StoredError, failures: number): number {
  if (code === "command-interrupted" && failures === 1) return 0;
  return Math.min(backoff.most, backoff.first * 2 ** (failures - 1));
}

function failureOf(outcome: CommandFinished["outcome"]): StoredError {
  if (outcome.case === "failure") return errorOf(outcome.value);
  return errorValue(new MusterError("internal", `the agent answered a copy with "${outcome.case ?? "nothing"}"`));
}

function errorOf({ code, message, hint, retryable, details }: Failure): StoredError {
  return errorValue(fromErrorValue({ code, message, hint, retryable, ...(details === undefined ? {} : { details }) }));
}
