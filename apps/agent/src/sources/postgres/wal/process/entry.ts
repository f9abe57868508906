import { systemClock } from "@muster/core";
import type { WalRequest } from "./messages.ts";
import { protectWal } from "./protect.ts";

/*
 * The process that protects the WAL of one source for as long as its agent runs. Without its agent (IPC is closed) it stops: the
 * next agent starts another one, and two must not hold one slot.
 */

/** How long it may store what has arrived after it was told to stop, in milliseconds. */
const cleanUp = 9000;

const controller = new AbortController();

function stop(): void {
  controller.abort();
  setTimeout(() => process.exit(1), cleanUp).unref();
}

process.on("SIGTERM", stop);
process.on("disconnect", stop);

process.once("message", async (message) => {
  const request = message as WalRequest; // from work/wal-keeper.ts
  await protectWal(request, systemClock, controller.signal, (status) => {
    if (process.connected) process.send?.(status);
  });
  process.exit(0); // a driver may hold a socket open
});
