import { expirePoints } from "../catalog/retention.ts";
import type { ControlPlane } from "../context.ts";
import { type Loop, startLoop } from "./loop.ts";
import { syncSchedules } from "./sync.ts";
import { tickSchedules } from "./tick.ts";

const second = 1000;
const day = 86_400_000;

/** Starts what the control plane does by itself: scheduled backups every second, retention once a day. */
export async function startSchedules(cp: ControlPlane): Promise<Loop> {
  await cp.db.transaction((tx) => syncSchedules(tx, cp.clock.now()));
  const loops = [
    startLoop(cp, "schedule", second, () => tickSchedules(cp)),
    startLoop(cp, "retention", day, () => expirePoints(cp, "system").then(() => undefined)),
  ];
  const stop = async (): Promise<void> => {
    await Promise.all(loops.map((loop) => loop.stop()));
  };
  return { stop, [Symbol.asyncDispose]: stop };
}
