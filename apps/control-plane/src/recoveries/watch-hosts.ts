import { allSteps, isLive, type Run, type RunEvent } from "@muster/recovery";
import type { ControlPlane } from "../context.ts";
import { apply } from "./apply.ts";
import { activeRecoveries } from "./store.ts";

/**
 * Steps on hosts that are silent become `unknown`, and what they are is asked when the host is back: its hello brings results that
 * were not stored, and names what it still works on. Nothing is taken for failed because a host is silent.
 */
export async function watchHosts(cp: ControlPlane): Promise<void> {
  for (const { id, run } of await activeRecoveries(cp.db))
    for (const event of hostEvents(cp, run)) await apply(cp, id, event);
}

function hostEvents({ commands }: Pick<ControlPlane, "commands">, run: Run): RunEvent[] {
  const live = allSteps(run).filter(({ id }) => isLive(run.steps[id]?.state ?? "pending"));
  return [...new Set(live.map(({ host }) => host))].flatMap((host): RunEvent[] => {
    const unknown = live.filter((step) => step.host === host).map(({ id }) => run.steps[id]?.state === "unknown");
    if (commands.isOnline(host)) return unknown.includes(true) ? [{ type: "answered", host }] : [];
    return unknown.includes(false) ? [{ type: "silent", host }] : [];
  });
}
