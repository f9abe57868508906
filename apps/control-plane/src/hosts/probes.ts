import { newId } from "@muster/core";
import { probeChanges, probeStates } from "@muster/database";
import { type ProbeResult, timestampMs } from "@muster/protocol/grpc";
import { and, asc, eq, notInArray } from "drizzle-orm";
import type { ControlPlane, Tx } from "../context.ts";

type StateRow = typeof probeStates.$inferSelect;

export async function listProbes(tx: Tx, host?: string): Promise<StateRow[]> {
  const rows = tx.select().from(probeStates);
  return (host === undefined ? rows : rows.where(eq(probeStates.host, host))).orderBy(asc(probeStates.probe));
}

/** Stores what a host's probes report: the last state of each, and every change of state with its moment. */
export async function storeProbes(cp: ControlPlane, host: string, results: readonly ProbeResult[]): Promise<void> {
  const rows = results.map((result) => stateRow(host, result, cp.clock.now())).filter((row) => row !== undefined);
  const changed = await cp.db.transaction(async (tx) => {
    const before = new Map((await listProbes(tx, host)).map((row) => [row.probe, row.state]));
    for (const row of rows) await upsertState(tx, row);
    const changes = rows.filter((row) => before.get(row.probe) !== row.state);
    for (const { probe, state, since: at, message } of changes) {
      await tx.insert(probeChanges).values({ id: newId(), host, probe, state, at, message });
    }
    return changes;
  });
  for (const { probe, state, message } of changed) {
    cp.events.publish({ type: "probe", subject: `${host}/${probe}`, data: { host, probe, state, message } });
  }
}

/** Forgets the last state of probes that a host does not have any more; their history stays. */
export async function forgetOtherProbes(tx: Tx, host: string, probes: readonly string[]): Promise<void> {
  const others = probes.length === 0 ? undefined : notInArray(probeStates.probe, [...probes]);
  await tx.delete(probeStates).where(and(eq(probeStates.host, host), others));
}

async function upsertState(tx: Tx, row: StateRow): Promise<void> {
  const { host: _host, probe: _probe, ...set } = row;
  const target = [probeStates.host, probeStates.probe];
  await tx.insert(probeStates).values(row).onConflictDoUpdate({ target, set });
}

/** Undefined for a state that this version does not know. */
function stateRow(host: string, result: ProbeResult, now: number): StateRow | undefined {
  const { probe, state, latencyMs, message } = result;
  if (state !== "starting" && state !== "passing" && state !== "failing") return undefined;
  const since = new Date(result.since === undefined ? now : timestampMs(result.since));
  const checkedAt = new Date(result.checkedAt === undefined ? now : timestampMs(result.checkedAt));
  // NUL cannot be stored, and a probe may answer anything.
  return { host, probe, state, since, checkedAt, latencyMs, message: message.replaceAll("\0", "") };
}
