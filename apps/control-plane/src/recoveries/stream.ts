import type { FastifyReply, FastifyRequest } from "fastify";
import type { ControlPlane } from "../context.ts";
import { recoveryById } from "./store.ts";
import { recoveryView } from "./views.ts";

/** Between two looks without an event, in milliseconds; they also keep proxies from closing the stream. */
const lookEvery = 5000;

/**
 * One recovery as server-sent events: a whole snapshot now and after every change, its revision as the event's id. A reader that
 * comes back with `Last-Event-ID` gets a snapshot only if there is a newer one. Changes that come fast are taken together.
 */
export function streamRecovery(cp: ControlPlane, id: string, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
  raw.write(": muster\n\n");
  let sent = Number(request.headers["last-event-id"] ?? 0);
  let busy = false;
  let again = false;

  const send = async (): Promise<void> => {
    const row = await recoveryById(cp.db, id);
    if (row === undefined || row.revision <= sent || raw.writableNeedDrain) return void raw.write(": still here\n\n");
    const data = JSON.stringify(await recoveryView(cp.db, row));
    sent = row.revision;
    raw.write(`id: ${row.revision}\nevent: recovery\ndata: ${data}\n\n`);
  };
  const look = async (): Promise<void> => {
    again = busy;
    if (busy) return;
    busy = true;
    try {
      do {
        again = false;
        await send();
      } while (again && !raw.closed);
    } catch (err) {
      cp.log.warn({ err, recovery: id }, "a stream of a recovery ends");
      raw.destroy();
    } finally {
      busy = false;
    }
  };

  const unsubscribe = cp.events.subscribe(({ type, subject }) => {
    if (type === "recovery" && subject === id) void look();
  });
  const timer = setInterval(() => void look(), lookEvery);
  raw.on("close", () => {
    clearInterval(timer);
    unsubscribe();
  });
  void look();
}
