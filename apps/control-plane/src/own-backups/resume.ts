import { MusterError } from "@muster/core";
import { commands, hosts, targetEpochs } from "@muster/database";
import { and, eq, inArray } from "drizzle-orm";
import { recordAudit } from "../audit/record.ts";
import { rebuildCatalog } from "../catalog/rebuild.ts";
import { epochFloor } from "../commands/store.ts";
import type { ControlPlane, Tx } from "../context.ts";
import { applyIn } from "../recoveries/apply.ts";
import { activeRecoveries } from "../recoveries/store.ts";
import { endOwnBackups } from "./end-own-backups.ts";
import { restoreAct } from "./names.ts";

export interface Resumed {
  /** Recoveries that were at work; they wait for a person. */
  readonly recoveries: readonly { readonly id: string; readonly state: string }[];
  /** What the catalogs have learned from the repositories, and which repository could not be read. */
  readonly notes: readonly string[];
}

/**
 * Makes a database that was brought back from an earlier moment fit for work: nobody is connected, no host takes its commands for
 * stale, recoveries that were at work are paused and what they had not sent is cancelled, since nobody knows what people have done
 * meanwhile. Then the catalog learns of the points that were made since.
 */
export async function resumeFrom(
  cp: ControlPlane,
  from: { readonly point: string; readonly takenAt: number },
): Promise<Resumed> {
  const recoveries = await cp.db.transaction(async (tx) => {
    await raiseEpochs(tx, cp.clock.now());
    await tx.update(hosts).set({ online: 0, sessionId: null, replica: null });
    await endOwnBackups(tx, cp.clock.now(), "the control plane was restored from this moment");
    const found = await activeRecoveries(tx);
    for (const { id } of found) await hold(cp, tx, id);
    const paused = found.map(({ id }) => id);
    const details = { point: from.point, takenAt: new Date(from.takenAt).toISOString(), paused };
    await recordAudit(tx, cp.clock.now(), {
      actor: "system",
      action: restoreAct,
      subject: "control",
      details,
    });
    return found.map(({ id, state }) => ({ id, state }));
  });
  return { recoveries, notes: await rebuildCatalogs(cp) };
}

/** Above every epoch that was ever handed out, also to targets that the dump does not know: seconds since 1970. */
async function raiseEpochs(tx: Tx, now: number): Promise<void> {
  const epoch = Math.floor(now / 1000);
  const set = { epoch };
  await tx
    .insert(targetEpochs)
    .values({ target: epochFloor, epoch })
    .onConflictDoUpdate({ target: targetEpochs.target, set });
}

async function hold(cp: ControlPlane, tx: Tx, id: string): Promise<void> {
  const unsent = and(eq(commands.ownerId, id), inArray(commands.state, ["queued"]));
  const rows = await tx.select({ id: commands.id }).from(commands).where(unsent);
  for (const row of rows) await cp.commands.cancel(tx, row.id, "the control plane was restored from an earlier moment");
  try {
    const act = {
      actor: "system",
      action: "recovery.pause",
      details: { why: "the control plane was restored" },
    } as const;
    await applyIn(cp, tx, id, [{ type: "pause" }], act);
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "conflict") throw thrown; // it waits for a person as it is
  }
}

async function rebuildCatalogs(cp: ControlPlane): Promise<string[]> {
  const notes: string[] = [];
  for (const name of cp.repositories.names()) {
    try {
      const { found, added, missing } = await rebuildCatalog(cp, name, "system");
      notes.push(`${name}: ${found} points, ${added} of them new to the catalog, ${missing.length} missing`);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      notes.push(`${name}: NOT READ: ${reason}. When it can be: muster catalog rebuild --repository ${name}`);
    }
  }
  return notes;
}
