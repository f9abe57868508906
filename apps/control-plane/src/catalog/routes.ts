import { MusterError } from "@muster/core";
import { backupCreateSchema, backupSchema, backupsCreatedSchema, pageOf, pageQuerySchema } from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { cancelBackup } from "./cancel-backup.ts";
import { requestBackups } from "./request-backups.ts";
import { backupById, listBackups } from "./store.ts";
import { backupView } from "./views.ts";

const filterSchema = pageQuerySchema.extend({
  service: z.string().optional(),
  source: z.string().optional(),
  host: z.string().optional(),
  state: backupSchema.shape.state.optional(),
});
const idSchema = z.object({ id: z.string() });
const tags = ["backups"];

/** Backups: start by hand, list, look at one, cancel. */
export function backupRoutes(app: App, cp: ControlPlane): void {
  app.post(
    "/api/v1/backups",
    {
      config: { role: "operator" },
      schema: { tags, body: backupCreateSchema, response: { 202: backupsCreatedSchema } },
    },
    async (request, reply) => {
      const rows = await requestBackups(cp, request.body, `user:${request.caller.name}`);
      if (rows.length === 1) reply.header("location", `/api/v1/backups/${rows[0]?.id}`);
      return reply.code(202).send({ backups: rows.map(backupView) });
    },
  );

  app.get(
    "/api/v1/backups",
    {
      config: { role: "viewer" },
      schema: { tags, querystring: filterSchema, response: { 200: pageOf(backupSchema) } },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const rows = await listBackups(cp.db, filter, { limit: limit + 1, cursor });
      const items = rows.slice(0, limit).map(backupView);
      return rows.length > limit ? { items, next: items.at(-1)?.id } : { items };
    },
  );

  app.get(
    "/api/v1/backups/:id",
    { config: { role: "viewer" }, schema: { tags, params: idSchema, response: { 200: backupSchema } } },
    async ({ params: { id } }) => {
      const row = await backupById(cp.db, id);
      if (row === undefined) throw new MusterError("not-found", `there is no backup ${id}`);
      return backupView(row);
    },
  );

  app.post(
    "/api/v1/backups/:id/cancel",
    { config: { role: "operator" }, schema: { tags, params: idSchema, response: { 202: backupSchema } } },
    async (request, reply) => {
      const row = await cancelBackup(cp, request.params.id, `user:${request.caller.name}`);
      return reply.code(202).send(backupView(row));
    },
  );
}
