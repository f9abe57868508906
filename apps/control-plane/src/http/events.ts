import { eventSchema } from "@muster/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ControlPlane, PublishedEvent } from "../context.ts";
import type { App } from "./app-types.ts";

/** Between two comments that keep proxies from closing an idle stream, in milliseconds. */
const keepAliveEvery = 15_000;
/** A reader this many bytes behind is cut off; it comes back with Last-Event-ID. */
const mostBehind = 1024 * 1024;

/** Live events as server-sent events at `/api/v1/events`; `?type=host` limits them to one type. */
export function eventRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/events",
    {
      config: { role: "viewer" },
      schema: { tags: ["events"], querystring: z.object({ type: eventSchema.shape.type.optional() }) },
    },
    (request, reply) => {
      const { type } = request.query;
      streamEvents(cp, request, reply, (event) => type === undefined || event.type === type);
    },
  );
}

/** Answers a request with the live events that `wanted` lets through, until either side ends. */
export function streamEvents(
  cp: ControlPlane,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: (event: PublishedEvent) => boolean,
): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
  const send = (event: PublishedEvent): void => {
    if (wanted(event)) write(raw, `id: ${event.id}\nevent: ${event.type}\ndata: ${eventText(event)}\n\n`);
  };
  raw.write(": muster\n\n");
  const last = request.headers["last-event-id"];
  if (typeof last === "string") for (const event of cp.events.since(last)) send(event);
  const unsubscribe = cp.events.subscribe(send);
  const keepAlive = setInterval(() => write(raw, ": still here\n\n"), keepAliveEvery);
  raw.on("close", () => {
    clearInterval(keepAlive);
    unsubscribe();
  });
}

function write(raw: FastifyReply["raw"], text: string): void {
  if (raw.writableLength > mostBehind) raw.destroy();
  else raw.write(text);
}

function eventText({ id, type, at, subject, data }: PublishedEvent): string {
  return JSON.stringify({ id, type, at: new Date(at).toISOString(), subject, data });
}
