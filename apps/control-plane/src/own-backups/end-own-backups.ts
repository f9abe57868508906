import { errorValue, MusterError } from "@muster/core";
import { backups } from "@muster/database";
import { and, eq, inArray } from "drizzle-orm";
import type { Tx } from "../context.ts";
import { ownService } from "./names.ts";

/** Ends the control plane's own backups that count as running though nobody is at them any more; `why` for people. */
export async function endOwnBackups(tx: Tx, now: number, why: string): Promise<void> {
  const live = and(eq(backups.service, ownService), inArray(backups.state, ["queued", "running"]));
  const error = errorValue(new MusterError("command-interrupted", why));
  await tx
    .update(backups)
    .set({ state: "cancelled", finishedAt: new Date(now), error })
    .where(live);
}
