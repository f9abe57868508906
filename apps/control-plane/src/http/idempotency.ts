import { createHash } from "node:crypto";
import { MusterError } from "@muster/core";
import { idempotencyKeys } from "@muster/database";
import { and, eq, lt } from "drizzle-orm";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ControlPlane } from "../context.ts";
import type { App } from "./app-types.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The stored key of this request while its answer is not stored yet. */
    idempotencyKey: string | undefined;
  }
}

const header = "idempotency-key";
/** A request that has not answered after this long is taken for dead, in milliseconds. */
const abandonedAfter = 60_000;
/** Keys are remembered this long, in milliseconds. */
const rememberedFor = 86_400_000;
/** `status` of a key whose request is still being answered. */
const pending = 0;

/**
 * Honours `Idempotency-Key` on POST: a repeat by the same caller gets the stored answer, another request under the same
 * key is refused. An error frees the key: nothing was created. A crash in mid-request frees it after a minute, and all are forgotten after a day.
 */
export function honourIdempotencyKeys(app: App, cp: ControlPlane): void {
  app.decorateRequest("idempotencyKey", undefined);

  app.addHook("preHandler", async (request, reply) => {
    if (!applies(request)) return;
    const key = digest([request.caller.name, request.url, String(request.headers[header])]);
    const requestHash = digest([JSON.stringify(request.body ?? null)]);
    const now = cp.clock.now();
    const stored = await claim(cp, { key, requestHash, status: pending, body: {}, createdAt: new Date(now) });
    if (stored === undefined) request.idempotencyKey = key;
    else return replay(reply, stored, requestHash);
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const key = request.idempotencyKey;
    if (key === undefined) return;
    request.idempotencyKey = undefined;
    if (reply.statusCode >= 400 || typeof payload !== "string") {
      await cp.db.delete(idempotencyKeys).where(eq(idempotencyKeys.key, key));
      return;
    }
    const answer = { status: reply.statusCode, body: { type: reply.getHeader("content-type"), text: payload } };
    await cp.db.update(idempotencyKeys).set(answer).where(eq(idempotencyKeys.key, key));
  });
}

function applies(request: FastifyRequest): boolean {
  const { role, idempotent } = request.routeOptions.config;
  return (
    request.method === "POST" && role !== undefined && idempotent !== false && request.headers[header] !== undefined
  );
}

type Row = typeof idempotencyKeys.$inferSelect;

/** Takes the key; answers the row of whoever has it already. */
async function claim(cp: ControlPlane, row: typeof idempotencyKeys.$inferInsert): Promise<Row | undefined> {
  const abandoned = new Date(row.createdAt.getTime() - abandonedAfter);
  const forgotten = new Date(row.createdAt.getTime() - rememberedFor);
  return cp.db.transaction(async (tx) => {
    const dead = and(eq(idempotencyKeys.status, pending), lt(idempotencyKeys.createdAt, abandoned));
    await tx.delete(idempotencyKeys).where(and(eq(idempotencyKeys.key, row.key), dead));
    await tx.delete(idempotencyKeys).where(lt(idempotencyKeys.createdAt, forgotten));
    const inserted = await tx.insert(idempotencyKeys).values(row).onConflictDoNothing().returning();
    if (inserted.length > 0) return undefined;
    return (await tx.select().from(idempotencyKeys).where(eq(idempotencyKeys.key, row.key)))[0];
  });
}

function replay(reply: FastifyReply, stored: Row, requestHash: string): FastifyReply {
  if (stored.requestHash !== requestHash) {
    throw new MusterError("conflict", "this Idempotency-Key was used for another request", {
      hint: "Use a new key for each new request.",
    });
  }
  if (stored.status === pending) {
    throw new MusterError("conflict", "the first request with this Idempotency-Key is still being answered", {
      retryable: true,
      hint: "Try again in a moment.",
    });
  }
  const { type, text } = stored.body as { type: string; text: string }; // as onSend stored it
  const send = reply.code(stored.status).header("idempotency-replayed", "true").type(type);
  // Already serialised and validated when it was first sent.
  return send.serializer((payload: unknown) => String(payload)).send(text);
}

function digest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
