import type { RecoveryPlan } from "./model.ts";

/** A service that a recovery brings back on another host than the plan's. */
export interface Move {
  readonly service: string;
  readonly from: string;
  readonly to: string;
}

/** The services that a recovery brings back elsewhere; the plan does not follow by itself. */
export function movesOf({ steps }: Pick<RecoveryPlan, "steps">): Move[] {
  const moves = new Map<string, Move>();
  for (const { service, host, replaces, phase } of steps)
    if (replaces !== undefined && phase !== "stop") moves.set(service, { service, from: replaces, to: host });
  return [...moves.values()];
}

/**
 * Where services are by the newest recovery of each, if that is not where the plan has them. `plans` come newest first, and are of
 * recoveries that came to a good end.
 */
export function movedServices(plans: readonly Pick<RecoveryPlan, "steps">[]): Map<string, Move> {
  const moved = new Map<string, Move>();
  const seen = new Set<string>();
  for (const plan of plans) {
    for (const move of movesOf(plan)) if (!seen.has(move.service)) moved.set(move.service, move);
    for (const { service } of plan.steps) seen.add(service);
  }
  return moved;
}
