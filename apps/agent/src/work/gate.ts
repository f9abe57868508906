import { type Clock, formatDuration, MusterError, sleep } from "@muster/core";
import type { Checked } from "../probes/monitor.ts";

export interface GateRequest {
  readonly probes: readonly string[];
  /** Milliseconds. */
  readonly interval: number;
  /** Rounds in a row in which every probe passes. */
  readonly successes: number;
  /** Milliseconds from the start. */
  readonly deadline: number;
  /** Milliseconds that the probes must keep passing after the successes. */
  readonly stability: number;
}

export interface GateContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  check(probe: string, signal: AbortSignal): Promise<Checked>;
  progress(passed: number, needed: number, note: string): void;
}

/**
 * Checks the probes afresh until they hold. Throws `gate-failed` with the last message at the deadline, `probe-unknown` at
 * once, and the reason of an abort.
 */
export async function passGate(
  gate: GateRequest,
  { signal, clock, check, progress }: GateContext,
): Promise<{ rounds: number; healthySince: number }> {
  const until = clock.now() + gate.deadline;
  let streak: { passes: number; since: number; heldSince: number | undefined } | undefined;
  let last = "no round was finished";
  for (let rounds = 1; ; rounds++) {
    const remaining = Math.max(1, until - clock.now());
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(remaining)]);
    const checks = await Promise.all(gate.probes.map(async (name) => ({ name, ...(await check(name, bounded)) })));
    if (signal.aborted) throw signal.reason;
    const now = clock.now();
    const failed = checks.filter(({ passed }) => !passed);
    if (failed.length === 0) {
      const passes: number = (streak?.passes ?? 0) + 1;
      const heldSince: number | undefined = passes >= gate.successes ? (streak?.heldSince ?? now) : undefined;
      streak = { passes, since: streak?.since ?? now, heldSince };
      if (heldSince !== undefined && now - heldSince >= gate.stability) return { rounds, healthySince: streak.since };
      last = heldSince === undefined ? "not enough passes yet" : "the stability window had not passed";
    } else {
      streak = undefined;
      last = failed.map(({ name, message }) => `${name}: ${message}`).join("; ");
    }
    progress(checks.length - failed.length, checks.length, last);
    if (clock.now() + gate.interval > until) throw gateFailed(gate, last);
    await sleep(gate.interval, signal).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
}

function gateFailed(gate: GateRequest, last: string): MusterError {
  return new MusterError("gate-failed", `the gate did not hold within ${formatDuration(gate.deadline)}: ${last}`, {
    details: { probes: gate.probes, last },
  });
}
