import { MusterError, systemClock } from "@muster/core";
import type { ApiRecovery } from "@muster/protocol";
import type { Cli } from "./cli.ts";
import type { Client } from "./client.ts";
import { isSettled, recoveryOutcome } from "./recovery-outcome.ts";
import { createLiveView } from "./render/live-view.ts";
import { recoveryLines } from "./render/recovery.ts";
import { recoveryEndText } from "./render/recovery-end.ts";
import { follow } from "./wait.ts";

/** Between two drawings without news, in milliseconds: clocks on the screen go on. */
const drawEvery = 200;

/**
 * Shows a recovery until nothing happens any more, then prints how it ended and ends the command with what that means. Ctrl-C and
 * --timeout end only the watching.
 */
export async function watchToEnd(cli: Cli, client: Client, id: string, limit: AbortSignal): Promise<void> {
  const last = await watch(cli, client, id, limit).catch((thrown: unknown) => {
    if (limit.aborted) cli.note(`Recovery ${id} goes on. Watch it with: muster recoveries watch ${id}`);
    throw thrown;
  });
  cli.print(last, () => recoveryEndText(last, cli.style));
  cli.end(recoveryOutcome(last));
}

async function watch(cli: Cli, client: Client, id: string, limit: AbortSignal): Promise<ApiRecovery> {
  using view = createLiveView(cli.terminal);
  let latest: ApiRecovery | undefined;
  const draw = (): void => {
    if (latest !== undefined) view.show(recoveryLines(latest, { style: cli.style, now: systemClock.now() }));
  };
  const timer = cli.terminal.live ? setInterval(draw, drawEvery) : undefined;
  try {
    for await (const snapshot of follow(client, id, limit)) {
      latest = snapshot;
      draw();
      if (isSettled(snapshot)) return snapshot;
    }
  } finally {
    clearInterval(timer);
  }
  throw new MusterError("internal", `the stream of recovery ${id} ended without an end`);
}
