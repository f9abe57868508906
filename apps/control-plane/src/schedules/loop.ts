import { asMusterError, MusterError, sleep } from "@muster/core";
import type { ControlPlane } from "../context.ts";

export interface Loop extends AsyncDisposable {
  /** Ends after the pass at work; resolves when it has. */
  stop(): Promise<void>;
}

/**
 * Calls `pass` at once and then `interval` milliseconds after each end, until it is stopped. A pass that fails is
 * logged and tried again. All state is in the database, so stopping between any two statements loses nothing.
 */
export function startLoop(
  cp: ControlPlane,
  name: string,
  interval: number,
  pass: (signal: AbortSignal) => Promise<void>,
): Loop {
  const stopping = new AbortController();
  const ended = run(cp, name, interval, pass, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort(new MusterError("cancelled", `the ${name} loop is stopping`));
    await ended;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

async function run(
  cp: ControlPlane,
  name: string,
  interval: number,
  pass: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pass(signal).catch((error: unknown) => {
      if (!signal.aborted) cp.log.error({ err: asMusterError(error) }, `a pass of the ${name} loop failed`);
    });
    await sleep(interval, signal).catch(() => undefined); // only the stop ends the wait early
  }
}
