import type { ControlPlane } from "../context.ts";
import { type Loop, startLoop } from "../schedules/loop.ts";
import type { CommandEngine } from "./bus.ts";

/** Wakes send at once; the pass finds what a wake could not send, and what is overdue. Milliseconds. */
const interval = 1000;
/** After a start, agents get so long to come back with results before anything is given up, in milliseconds. */
const homecoming = 60_000;

/** Sends and expires commands until it is stopped. */
export function startCommandLoop(cp: ControlPlane, commands: CommandEngine): Loop {
  const started = cp.clock.now();
  return startLoop(cp, "command", interval, () => commands.pass({ expire: cp.clock.now() - started > homecoming }));
}
