import { MusterError } from "@muster/core";
import { type Effect, findStep, type Run, type RunEvent, transition, workName } from "@muster/recovery";
import { type AuditEntry, recordAudit } from "../audit/record.ts";
import type { Actor, ControlPlane, Tx } from "../context.ts";
import { endedGrants, keyGrants } from "./key-grants.ts";
import { stepCommand } from "./step-command.ts";
import {
  claimTargets,
  insertEffects,
  insertHistory,
  lockRecovery,
  type RecoveryRow,
  releaseTargets,
  saveRun,
} from "./store.ts";

/** What a person or the system did, for the audit trail. */
export interface Act {
  readonly actor: Actor;
  /** `recovery.approve` … */
  readonly action: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** The run may have ended: takes its targets anew before it moves again. Throws `recovery-active`. */
  readonly claims?: boolean;
  /** Last look at the locked run, after its targets are taken and before the event; throws when it may not happen. */
  readonly allowed?: (tx: Tx, run: Run) => void | Promise<void>;
}

/** Moves a recovery by an event in a transaction of its own, then has its effects carried out. Throws what `applyIn` throws. */
export async function apply(cp: ControlPlane, id: string, event: RunEvent, act?: Act): Promise<void> {
  await cp.db.transaction((tx) => applyIn(cp, tx, id, [event], act));
  announceRecovery(cp, id);
}

/** Tells everybody that a recovery has changed: live views, the loop with its effects, the commands queued. Call it after the commit. */
export function announceRecovery(cp: Pick<ControlPlane, "commands" | "events">, id: string): void {
  cp.commands.wake();
  cp.events.publish({ type: "recovery", subject: id, data: {} });
}

/**
 * The one place where a run changes: locks its row, moves it, and stores the run, its effects, measured durations and the audit
 * records together. Commands are queued in the same transaction, so that no crash lies between a state and its commands; what
 * cannot be done inside one (asking agents, waiting, cancelling) is kept in `recovery_effects` until it is done.
 * Throws `not-found`; for acts, the code of the refusal. A step event that does not fit changes nothing.
 */
export async function applyIn(
  cp: Pick<ControlPlane, "clock" | "commands">,
  tx: Tx,
  id: string,
  events: readonly RunEvent[],
  act?: Act,
): Promise<void> {
  const now = cp.clock.now();
  const row = await lockRecovery(tx, id);
  if (row === undefined) throw new MusterError("not-found", `there is no recovery ${id}`);
  if (act?.claims === true) await claimFor(tx, row.run, now);
  await act?.allowed?.(tx, row.run);
  const { run, effects } = moveAll(row.run, events, now, act !== undefined);
  if (run !== row.run) await saveRun(tx, row, run);
  await storeEffects(cp, tx, run, effects, now);
  for (const event of events) await measure(tx, row.run, run, event);
  await auditAll(tx, row, run, effects, now, act);
}

/** Takes the services and the sources on their target hosts for this run. Throws `recovery-active` with the other's id. */
export async function claimFor(tx: Tx, run: Run, now: number): Promise<void> {
  const services = run.plan.steps.map(({ service }) => service);
  const sources = run.plan.sources.map(({ toHost, source }) => `${toHost}/${source}`);
  const [conflict] = await claimTargets(tx, run.id, [...services, ...sources], new Date(now));
  if (conflict === undefined) return;
  const { target, recoveryId } = conflict;
  throw new MusterError("recovery-active", `recovery ${recoveryId} works on ${target}`, {
    hint: `Watch it with: muster recoveries watch ${recoveryId}`,
    details: { recovery: recoveryId, target },
  });
}

function moveAll(
  start: Run,
  events: readonly RunEvent[],
  now: number,
  strict: boolean,
): { run: Run; effects: Effect[] } {
  let run = start;
  const effects: Effect[] = [];
  for (const event of events) {
    const moved = transition(run, event, now);
    if (moved.refused !== undefined && strict) throw new MusterError(moved.refused.code, moved.refused.message);
    run = moved.run;
    effects.push(...moved.effects);
  }
  return { run, effects };
}

async function storeEffects(
  cp: Pick<ControlPlane, "commands">,
  tx: Tx,
  run: Run,
  effects: readonly Effect[],
  now: number,
): Promise<void> {
  const later: Effect[] = [];
  for (const effect of effects) {
    if (effect.type === "releaseTargets") await releaseTargets(tx, run.id);
    else if (effect.type === "dispatch" && effect.notBefore === undefined) await queueStep(cp, tx, run, effect);
    else later.push(effect);
  }
  await insertEffects(tx, run.id, later, new Date(now));
}

/** Queues the command of one attempt at a step; a repeat does nothing. */
export async function queueStep(
  { commands }: Pick<ControlPlane, "commands">,
  tx: Tx,
  run: Run,
  { step: id, attempt }: { readonly step: string; readonly attempt: number },
): Promise<void> {
  const step = findStep(run, id);
  if (step === undefined) throw new MusterError("internal", `recovery ${run.id} has no step ${id}`);
  await commands.queue(tx, await stepCommand(tx, run, step, attempt));
}

/** Keeps how long a step took that has ended well just now. */
async function measure(tx: Tx, before: Run, run: Run, event: RunEvent): Promise<void> {
  if (event.type !== "succeeded" || run.plan.mode !== "real") return;
  const step = findStep(run, event.step);
  const state = run.steps[event.step];
  if (step === undefined || state?.state !== "succeeded" || before.steps[event.step]?.state === "succeeded") return;
  const { startedAt, finishedAt, result } = state;
  if (startedAt === undefined || finishedAt === undefined) return;
  await insertHistory(tx, {
    id: `${run.id}/${event.step}`,
    service: step.service,
    work: workName(step.work),
    host: step.host,
    durationMs: Math.max(1, finishedAt - startedAt),
    bytes: typeof result?.bytes === "number" ? result.bytes : null,
    at: new Date(finishedAt),
  });
}

/** The act, then what the system did by itself: steps begun, keys given to other hosts, and the state that the run came to. */
async function auditAll(
  tx: Tx,
  row: RecoveryRow,
  run: Run,
  effects: readonly Effect[],
  now: number,
  act: Act | undefined,
): Promise<void> {
  const entries: AuditEntry[] = [];
  if (act !== undefined)
    entries.push({ actor: act.actor, action: act.action, subject: run.id, details: act.details ?? {} });
  for (const effect of effects) {
    if (effect.type !== "dispatch") continue;
    const { step, attempt, host } = effect;
    entries.push({ actor: "system", action: "recovery.step", subject: run.id, details: { step, attempt, host } });
    entries.push(...(await keyGrants(tx, { ...effect, recovery: run.id })));
  }
  if (run.state !== row.run.state || run.aside !== row.run.aside) {
    const details = { state: run.state, aside: run.aside };
    entries.push({ actor: "system", action: "recovery.state", subject: run.id, details });
  }
  entries.push(...(await endedGrants(tx, row.run.state, run)));
  for (const entry of entries) await recordAudit(tx, now, entry);
}
