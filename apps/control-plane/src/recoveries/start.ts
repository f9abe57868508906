import { asMusterError } from "@muster/core";
import type { ControlPlane } from "../context.ts";
import { startLoop } from "../schedules/loop.ts";
import { createHand } from "./carry-out.ts";
import { watchDeadlines } from "./watch-deadlines.ts";
import { watchHosts } from "./watch-hosts.ts";

/** Effects are carried out as soon as they are announced; the pass finds what was left by a crash, and retries that wait. Milliseconds. */
const interval = 1000;

/** Drives recoveries in the background: at once where something happens, and every second. */
export async function startRecoveries(cp: ControlPlane): Promise<{ stop(): Promise<void> }> {
  const hand = createHand(cp);
  const pass = oneAtATime(async () => {
    await watchHosts(cp);
    await watchDeadlines(cp);
    await hand.pass();
  });
  const unsubscribe = cp.events.subscribe(({ type }) => {
    if (type !== "recovery" && type !== "host") return;
    pass().catch((thrown: unknown) => {
      cp.log.error(
        { err: asMusterError(thrown) },
        "effects of a recovery were not carried out; the next pass tries again",
      );
    });
  });
  const loop = startLoop(cp, "recovery", interval, pass);
  return {
    async stop() {
      unsubscribe();
      await loop.stop();
      await pass.settled();
      await hand.close();
    },
  };
}

/** Calls while one is at work share the one that comes after it. */
function oneAtATime(work: () => Promise<void>): (() => Promise<void>) & { settled(): Promise<void> } {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  const call = (): Promise<void> => {
    if (waiting !== undefined) return waiting;
    const turn = tail.then(() => {
      waiting = undefined;
      return work();
    });
    waiting = turn;
    tail = turn.catch(() => undefined);
    return turn;
  };
  return Object.assign(call, { settled: async () => void (await tail) });
}
