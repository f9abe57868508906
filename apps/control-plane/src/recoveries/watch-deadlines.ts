import { isOverdue } from "@muster/recovery";
import type { ControlPlane } from "../context.ts";
import { announceRecovery, applyIn } from "./apply.ts";
import { activeRecoveries, lockRecovery } from "./store.ts";

/** Stops recoveries whose deadline has passed. The deadline is stored with the run, so one that a restart slept over counts too. */
export async function watchDeadlines(cp: ControlPlane): Promise<void> {
  const now = cp.clock.now();
  for (const { id, run } of await activeRecoveries(cp.db)) if (isOverdue(run, now)) await stopOverdue(cp, id, now);
}

async function stopOverdue(cp: ControlPlane, id: string, now: number): Promise<void> {
  await cp.db.transaction(async (tx) => {
    const run = (await lockRecovery(tx, id))?.run;
    if (run?.deadlineAt === undefined || !isOverdue(run, now)) return;
    const details = { deadline: new Date(run.deadlineAt).toISOString() };
    await applyIn(cp, tx, id, [{ type: "deadline" }], { actor: "system", action: "recovery.deadline", details });
  });
  announceRecovery(cp, id);
}
