import { type Clock, sleep } from "@muster/core";
import type { Cluster } from "../../config.ts";
import { withClient } from "../../connection.ts";
import { readFlushed, readSlot, type WalServer, walHeadroom } from "./server.ts";
import type { StatusBoard } from "./status-board.ts";

/** How often the server is asked up to where its WAL is flushed, in milliseconds; exposure is known no better than that. */
const sampleEvery = 1000;
/** Samples from one look at slot and disk to the next. */
const slotEvery = 10;

/** Measures while a stream runs, on a connection of its own, until the signal aborts. Throws `source-unavailable` when that breaks. */
export async function monitorServer(
  cluster: Cluster,
  { slot, server, board, clock }: { slot: string | undefined; server: WalServer; board: StatusBoard; clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  await withClient(cluster, signal, async (client) => {
    for (let count = 0; !signal.aborted; count++) {
      const before = clock.now(); // what was flushed then is at most what is read now
      board.flushed(before, await readFlushed(client));
      if (count % slotEvery === 0) {
        if (slot !== undefined) board.slot(slot, await readSlot(client, slot));
        board.headroom(await walHeadroom(server.dataDirectory));
      }
      await sleep(sampleEvery, signal).catch(() => undefined); // the loop's condition tells an abort
    }
  });
}
