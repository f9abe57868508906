import { MusterError } from "@muster/core";
import { apiTokens } from "@muster/database";
import { tokenCreatedSchema, tokenCreateSchema, tokenSchema } from "@muster/protocol";
import { and, asc, eq, isNull } from "drizzle-orm";
import { z } from "zod";
import { recordAudit } from "../audit/record.ts";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { createApiToken } from "./callers.ts";

/** API tokens of people and programs. */
export function accessRoutes(app: App, cp: ControlPlane): void {
  app.post(
    "/api/v1/tokens",
    {
      config: { role: "admin", idempotent: false },
      schema: { tags: ["access"], body: tokenCreateSchema, response: { 201: tokenCreatedSchema } },
    },
    async ({ body, caller }, reply) => {
      const now = cp.clock.now();
      const actor = `user:${caller.name}` as const;
      const expiresAt = body.expiresIn === undefined ? undefined : new Date(now + body.expiresIn * 1000);
      const { token, stored } = await cp.db.transaction(async (tx) => {
        const wanted = { name: body.name, role: body.role, expiresAt, createdBy: actor };
        const created = await createApiToken(tx, now, wanted);
        const details = { name: body.name, role: body.role };
        await recordAudit(tx, now, { actor, action: "token.create", subject: created.stored.id, details });
        return created;
      });
      return reply.code(201).send({ ...view(stored), token });
    },
  );

  app.get(
    "/api/v1/tokens",
    {
      config: { role: "admin" },
      schema: { tags: ["access"], response: { 200: z.object({ items: z.array(tokenSchema) }) } },
    },
    async () => ({ items: (await cp.db.select().from(apiTokens).orderBy(asc(apiTokens.createdAt))).map(view) }),
  );

  app.delete(
    "/api/v1/tokens/:id",
    {
      config: { role: "admin" },
      schema: { tags: ["access"], params: z.object({ id: z.string() }), response: { 204: z.null() } },
    },
    async ({ params: { id }, caller }, reply) => {
      const now = cp.clock.now();
      await cp.db.transaction(async (tx) => {
        const live = and(eq(apiTokens.id, id), isNull(apiTokens.revokedAt));
        const [row] = await tx
          .update(apiTokens)
          .set({ revokedAt: new Date(now) })
          .where(live)
          .returning();
        if (row === undefined) throw new MusterError("not-found", `there is no live token ${id}`);
        await recordAudit(tx, now, { actor: `user:${caller.name}`, action: "token.revoke", subject: id });
      });
      return reply.code(204).send(null);
    },
  );
}

function view(row: typeof apiTokens.$inferSelect): z.output<typeof tokenSchema> {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.createdAt.toISOString(),
    ...(row.expiresAt === null ? {} : { expiresAt: row.expiresAt.toISOString() }),
    ...(row.revokedAt === null ? {} : { revokedAt: row.revokedAt.toISOString() }),
  };
}
