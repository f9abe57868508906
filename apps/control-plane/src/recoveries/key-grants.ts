import type { StepWork } from "@muster/recovery";
import type { AuditEntry } from "../audit/record.ts";
import { pointById } from "../catalog/points-store.ts";
import type { Tx } from "../context.ts";

/** A record that a host gets the key of data which another host has backed up; none when it is its own. */
export async function keyGrants(
  tx: Tx,
  { host, work, recovery }: { readonly host: string; readonly work: StepWork; readonly recovery: string },
): Promise<AuditEntry[]> {
  if (work.kind !== "restore") return [];
  const from = (await pointById(tx, work.pointId))?.host;
  if (from === host) return [];
  const { repository, domain, pointId } = work;
  const details = { host, from: from ?? "unknown", repository, point: pointId, recovery };
  return [{ actor: "system", action: "key.grant", subject: `domain/${domain}`, details }];
}
