import { slicesIn, verifyDueSlices } from "../catalog/verify-slices.ts";
import type { ControlPlane } from "../context.ts";
import { bringKeysToCopies } from "../repositories/bring-keys.ts";
import { type Loop, startLoop } from "../schedules/loop.ts";
import { copyHandler } from "./results.ts";
import { startDueCopies } from "./start-due.ts";

/** Between two looks at what is not copied yet, in milliseconds. */
const interval = 5000;
/** Between two looks whether a part of a repository is due to be read, in milliseconds: at most, and at least. */
const verifyInterval = { most: 600_000, least: 1000 } as const;
/** Between two looks for keys that copies lack, in milliseconds. */
const keysInterval = 600_000;

export function registerCopies(cp: ControlPlane): void {
  cp.commands.handle("copy", copyHandler(cp));
}

/** Looks every few seconds for points that a repository lacks; a look that finds nothing costs a query per copied source. */
export async function startCopies(cp: ControlPlane): Promise<Loop> {
  const loops = [
    startLoop(cp, "copy", interval, () => startDueCopies(cp)),
    startLoop(cp, "verification", verifyPause(cp), () => verifyDueSlices(cp)),
    startLoop(cp, "keys of copies", keysInterval, () => bringKeysToCopies(cp.config, cp.log)),
  ];
  const stop = async (): Promise<void> => {
    await Promise.all(loops.map((loop) => loop.stop()));
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

/** Short enough that no repository waits much longer than its `verifyEvery` says. */
function verifyPause({ config }: ControlPlane): number {
  const parts = Object.values(config.repositories).flatMap(({ verifyEveryMs: every }) =>
    every === undefined ? [] : [every / slicesIn(every)],
  );
  return Math.max(verifyInterval.least, Math.min(verifyInterval.most, ...parts.map((part) => part / 2)));
}
