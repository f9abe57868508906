import { MusterError } from "@muster/core";
import {
  pageOf,
  pageQuerySchema,
  recoveryPreviewSchema,
  recoveryRequestSchema,
  recoverySchema,
  runStates,
} from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { createRecovery } from "./create.ts";
import { previewRecovery } from "./preview.ts";
import { listRecoveries, recoveryById } from "./store.ts";
import { streamRecovery } from "./stream.ts";
import { previewView, recoveryView } from "./views.ts";

const tags = ["recoveries"];
const idSchema = z.object({ id: z.string() });
const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((text) => text === "true");
const filterSchema = pageQuerySchema.extend({
  state: z.enum(runStates).optional(),
  plan: z.string().optional(),
  /** Only those with work in hand or to come. */
  active: flag,
});
/** All agents have answered by then, in milliseconds. */
const previewTime = 50_000;

/** Recoveries: preview, start, list, look at one, watch one. */
export function recoveryRoutes(app: App, cp: ControlPlane): void {
  app.post(
    "/api/v1/recoveries/preview",
    {
      config: { role: "operator", idempotent: false },
      schema: {
        ...{ tags, body: recoveryRequestSchema, response: { 200: recoveryPreviewSchema } },
        querystring: z.object({ checks: flag }),
      },
    },
    async ({ body, query }) => {
      const options = { checks: query.checks, signal: AbortSignal.timeout(previewTime) };
      const preview = await previewRecovery(cp, body, options);
      return previewView(preview.plan.model, preview.recovery, preview);
    },
  );

  app.post(
    "/api/v1/recoveries",
    {
      config: { role: "operator" },
      schema: { tags, body: recoveryRequestSchema, response: { 202: recoverySchema } },
    },
    async ({ body, caller }, reply) => {
      const id = await createRecovery(cp, body, `user:${caller.name}`);
      return reply
        .code(202)
        .header("location", `/api/v1/recoveries/${id}`)
        .send(await viewOf(cp, id));
    },
  );

  app.get(
    "/api/v1/recoveries",
    {
      config: { role: "viewer" },
      schema: { tags, querystring: filterSchema, response: { 200: pageOf(recoverySchema) } },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const rows = await listRecoveries(cp.db, filter, { limit: limit + 1, cursor });
      const items = [];
      for (const row of rows.slice(0, limit)) items.push(await recoveryView(cp.db, row));
      return rows.length > limit ? { items, next: items.at(-1)?.id } : { items };
    },
  );

  app.get(
    "/api/v1/recoveries/:id",
    { config: { role: "viewer" }, schema: { tags, params: idSchema, response: { 200: recoverySchema } } },
    ({ params }) => viewOf(cp, params.id),
  );

  app.get(
    "/api/v1/recoveries/:id/events",
    { config: { role: "viewer" }, schema: { tags, params: idSchema } },
    async (request, reply) => {
      await viewOf(cp, request.params.id);
      streamRecovery(cp, request.params.id, request, reply);
    },
  );
}

/** A recovery as the API shows it. Throws `not-found`. */
export async function viewOf(cp: Pick<ControlPlane, "db">, id: string) {
  const row = await recoveryById(cp.db, id);
  if (row === undefined) throw new MusterError("not-found", `there is no recovery ${id}`);
  return recoveryView(cp.db, row);
}
