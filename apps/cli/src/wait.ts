import { asMusterError, backoffDelay, deadline, MusterError, sleep } from "@muster/core";
import { type ApiRecovery, recoverySchema } from "@muster/protocol";
import type { Client } from "./client.ts";

/** A control plane that is away for longer than this is given up, in milliseconds. */
const awayTime = 120_000;
const backoff = { initial: 250, max: 5000 };

/** A signal for a wait with a limit: --timeout in milliseconds, and Ctrl-C. */
export function waitLimit(timeout: number | undefined, signal: AbortSignal): AbortSignal {
  return timeout === undefined ? signal : deadline(timeout, signal);
}

/** Throws what ended the wait: the interruption, or `timeout`. */
export function throwIfOver(limit: AbortSignal, what: string): void {
  if (!limit.aborted) return;
  if (limit.reason instanceof MusterError) throw limit.reason;
  throw new MusterError("timeout", `${what} takes longer than --timeout allows`, {
    hint: "It goes on; look again later.",
  });
}

/** Asks again and again until `done`; throws `timeout` at the limit. */
export async function poll<T>(
  ask: () => Promise<T>,
  done: (answer: T) => boolean,
  { limit, what, every = 500 }: { readonly limit: AbortSignal; readonly what: string; readonly every?: number },
): Promise<T> {
  for (;;) {
    throwIfOver(limit, what);
    const answer = await ask();
    if (done(answer)) return answer;
    await sleep(every, limit).catch(() => undefined); // looked at above
  }
}

/**
 * A recovery as it changes: every snapshot that the server sends, over lost connections and restarts of the control plane, until the
 * reader stops or the limit is reached. Throws `timeout`, `cancelled`, and `server-unavailable` when it stays away.
 */
export async function* follow(client: Client, id: string, limit: AbortSignal): AsyncIterable<ApiRecovery> {
  let lastId: string | undefined;
  let lost = 0;
  let lostSince: number | undefined;
  for (;;) {
    try {
      for await (const event of client.events(`/api/v1/recoveries/${encodeURIComponent(id)}/events`, {
        lastId,
        signal: limit,
      })) {
        lost = 0;
        lostSince = undefined;
        lastId = event.id;
        yield recoverySchema.parse(JSON.parse(event.data));
      }
    } catch (thrown) {
      const error = asMusterError(thrown);
      lostSince ??= performance.now();
      throwIfOver(limit, `recovery ${id}`);
      if (error.code !== "server-unavailable" || performance.now() - lostSince > awayTime) throw error;
    }
    throwIfOver(limit, `recovery ${id}`);
    await sleep(backoffDelay(lost++, backoff), limit).catch(() => undefined); // looked at at the next turn
  }
}
