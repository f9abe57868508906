import { allSteps, type Run, type StepWork } from "@muster/recovery";
import type { AuditEntry } from "../audit/record.ts";
import { pointById } from "../catalog/points-store.ts";
import type { Tx } from "../context.ts";
import { endedStates } from "../status/store.ts";

/** A record that a host gets the key of data which another host has backed up; none when it is its own. */
export async function keyGrants(
  tx: Tx,
  { host, work, recovery }: { readonly host: string; readonly work: StepWork; readonly recovery: string },
): Promise<AuditEntry[]> {
  return grantEntries(tx, "key.grant", { host, work, recovery });
}

/**
 * Records that grants have ended, when a run has just come to its end. A host's job holds the key in memory until its step ends, and
 * nothing writes it down: this is the moment from which no step of the run is left.
 */
export async function endedGrants(tx: Tx, before: Run["state"], run: Run): Promise<AuditEntry[]> {
  const isEnded = (state: string): boolean => (endedStates as readonly string[]).includes(state);
  if (isEnded(before) || !isEnded(run.state)) return [];
  const begun = allSteps(run).filter(({ id }) => (run.steps[id]?.attempt ?? 0) > 0);
  const entries = begun.map(({ host, work }) => grantEntries(tx, "key.grant-end", { host, work, recovery: run.id }));
  return (await Promise.all(entries)).flat();
}

async function grantEntries(
  tx: Tx,
  action: "key.grant" | "key.grant-end",
  { host, work, recovery }: { readonly host: string; readonly work: StepWork; readonly recovery: string },
): Promise<AuditEntry[]> {
  if (work.kind !== "restore") return [];
  const from = (await pointById(tx, work.pointId))?.host;
  if (from === host) return [];
  const { repository, domain, pointId } = work;
  const details = { host, from: from ?? "unknown", repository, point: pointId, recovery };
  return [{ actor: "system", action, subject: `domain/${domain}`, details }];
}
