import { sleep } from "@muster/core";
import { type Effect, isLive, type Run } from "@muster/recovery";
import type { ControlPlane, Tx } from "../context.ts";
import { announceRecovery, applyIn, queueStep } from "./apply.ts";
import { runChecks } from "./check/run-checks.ts";
import { commandId } from "./step-command.ts";
import { dueEffects, type EffectRow, markEffectDone, openEffects, recoveryById } from "./store.ts";

type Dispatch = Extract<Effect, { type: "dispatch" }>;
type Cancel = Extract<Effect, { type: "cancelStep" }>;

/** After a start, agents get so long to come back before checks go on without them, in milliseconds. */
const comeBackTime = 30_000;
const lookEvery = 100;

/** Carries out stored effects. All are written down first and may be repeated, so a crash anywhere loses and doubles nothing. */
export interface Hand {
  /** Carries out what is due. Checks go on in the background. */
  pass(): Promise<void>;
  /** Resolves when the checks at work have stopped. */
  close(): Promise<void>;
}

export function createHand(cp: ControlPlane): Hand {
  const stopping = new AbortController();
  const begun = cp.clock.now();
  const checks = new Map<number, Promise<void>>();
  const startCheck = (row: EffectRow): void => {
    if (checks.has(row.seq)) return;
    const check = carryOutCheck(cp, row, row.createdAt.getTime() < begun, stopping.signal)
      .catch((err: unknown) => {
        if (!stopping.signal.aborted) cp.log.error({ err, recovery: row.recoveryId }, "the checks broke off");
      })
      .finally(() => checks.delete(row.seq));
    checks.set(row.seq, check);
  };
  return {
    async pass() {
      for (const row of await dueEffects(cp.db, new Date(cp.clock.now()))) {
        const effect = row.effect as unknown as Effect; // as insertEffects stored it
        if (effect.type === "check") startCheck(row);
        else await carryOutNow(cp, row, effect);
      }
    },
    async close() {
      stopping.abort();
      await Promise.all(checks.values());
    },
  };
}

async function carryOutNow(
  cp: ControlPlane,
  row: EffectRow,
  effect: Exclude<Effect, { type: "check" }>,
): Promise<void> {
  await cp.db.transaction(async (tx) => {
    if (effect.type === "dispatch") await dispatch(cp, tx, row, effect);
    if (effect.type === "cancelStep") await cancelStep(cp, tx, row, effect);
    await markEffectDone(tx, row.seq, new Date(cp.clock.now()));
  });
  cp.commands.wake();
}

/** A retry whose wait is over; not when the run has gone another way meanwhile. */
async function dispatch(cp: ControlPlane, tx: Tx, row: EffectRow, effect: Dispatch): Promise<void> {
  const run = (await recoveryById(tx, row.recoveryId))?.run;
  const state = run?.steps[effect.step];
  if (run === undefined || state === undefined || state.attempt !== effect.attempt || !isLive(state.state)) return;
  await queueStep(cp, tx, run, effect);
}

/** A retry that still waits is queued first: then its cancellation has a result like any other's. */
async function cancelStep(cp: ControlPlane, tx: Tx, row: EffectRow, { step, attempt }: Cancel): Promise<void> {
  for (const open of await openEffects(tx, row.recoveryId)) {
    const effect = open.effect as unknown as Effect; // as insertEffects stored it
    if (effect.type !== "dispatch" || effect.step !== step || effect.attempt !== attempt) continue;
    await dispatch(cp, tx, open, effect);
    await markEffectDone(tx, open.seq, new Date(cp.clock.now()));
  }
  await cp.commands.cancel(tx, commandId(row.recoveryId, step), "the recovery does not need it any more");
}

/** Checks of an earlier process begin anew; agents get time to come back first. */
async function carryOutCheck(cp: ControlPlane, row: EffectRow, isResumed: boolean, signal: AbortSignal): Promise<void> {
  const id = row.recoveryId;
  const run = (await recoveryById(cp.db, id))?.run;
  if (run === undefined) return;
  if (isResumed) await homecoming(cp, run, signal);
  const findings = run.state === "checking" ? await runChecks(cp, run.plan, signal) : [];
  // What a stopping control plane cut short says nothing: the next one checks again.
  if (signal.aborted) return;
  await cp.db.transaction(async (tx) => {
    await markEffectDone(tx, row.seq, new Date(cp.clock.now()));
    await applyIn(cp, tx, id, [{ type: "checked", findings }]);
  });
  announceRecovery(cp, id);
}

/** Waits until all hosts of the run are connected, at most `comeBackTime`. */
async function homecoming({ commands }: ControlPlane, run: Run, signal: AbortSignal): Promise<void> {
  const hosts = new Set(run.plan.steps.map(({ host }) => host));
  const end = performance.now() + comeBackTime;
  while ([...hosts].some((host) => !commands.isOnline(host)) && performance.now() < end) await sleep(lookEvery, signal);
}
