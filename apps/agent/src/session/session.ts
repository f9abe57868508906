import { asMusterError, backoffDelay, formatDuration, type Logger, sleep } from "@muster/core";
import type { Identity } from "../enrolment/identity.ts";
import { type ConnectionContext, holdSession } from "./connection.ts";

/** Waits between tries, in milliseconds. */
const usual = { initial: 500, max: 30_000 };
const afterRevocation = { initial: 300_000, max: 900_000 };

/** Keeps a session open for ever: reconnects with jittered waits until the signal aborts. */
export async function keepSession(
  options: {
    /** Read before each try: a renewal replaces it. */
    readonly identity: () => Identity;
    readonly context: ConnectionContext;
    readonly log: Logger;
    /** Aborted to leave the present stream for a new one at once. */
    readonly restart: () => AbortSignal;
  },
  signal: AbortSignal,
): Promise<void> {
  const { context, log } = options;
  let failures = 0;
  const greeted = {
    ...context,
    onWelcome() {
      failures = 0;
      log.info({ server: options.identity().sessionAddress }, "connected");
      context.onWelcome();
    },
  };
  while (!signal.aborted) {
    const restart = options.restart();
    const ended = await holdSession(options.identity(), greeted, AbortSignal.any([signal, restart])).catch(
      asMusterError,
    );
    if (signal.aborted) return;
    if (restart.aborted) continue;
    const wait = waitAfter(ended?.code, failures++);
    const told = { code: ended?.code, hint: ended?.hint, wait: formatDuration(wait) };
    if (ended?.code === "certificate-revoked")
      log.error(told, `this agent's certificate was revoked: ${ended.message}`);
    else log.warn(told, `not connected: ${ended?.message}`);
    await sleep(wait, signal).catch(() => undefined); // the loop's condition tells an abort
  }
}

function waitAfter(code: string | undefined, failures: number): number {
  return backoffDelay(failures, code === "certificate-revoked" ? afterRevocation : usual);
}
