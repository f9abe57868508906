import {
  holdCreateSchema,
  holdSchema,
  pageOf,
  pageQuerySchema,
  sweepCreateSchema,
  sweepSchema,
} from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { holdPoint, releasePoint } from "./hold.ts";
import { listHolds, listSweeps } from "./store.ts";
import { sweepRepository } from "./sweep-repository.ts";
import { holdView, sweepView } from "./views.ts";

/** Sweeps of a repository, and holds on points. */
export function sweepRoutes(app: App, cp: ControlPlane): void {
  const params = z.object({ name: z.string() });
  const tags = ["repositories"];
  app.post(
    "/api/v1/repositories/:name/sweeps",
    {
      config: { role: "admin" },
      schema: { tags, params, body: sweepCreateSchema, response: { 200: sweepSchema } },
    },
    async ({ params: { name }, body: { dryRun }, caller }) =>
      sweepView(await sweepRepository(cp, { repository: name, dryRun }, `user:${caller.name}`)),
  );

  app.get(
    "/api/v1/repositories/:name/sweeps",
    {
      config: { role: "viewer" },
      schema: { tags, params, querystring: pageQuerySchema, response: { 200: pageOf(sweepSchema) } },
    },
    async ({ params: { name }, query: { limit, cursor } }) => {
      const rows = await listSweeps(cp.db, name, { limit: limit + 1, cursor });
      const items = rows.slice(0, limit).map(sweepView);
      return rows.length > limit ? { items, next: items.at(-1)?.id } : { items };
    },
  );
}

/** Holds: keep a point whatever retention says. */
export function holdRoutes(app: App, cp: ControlPlane): void {
  const params = z.object({ id: z.string() });
  const tags = ["points"];
  const holdsSchema = z.object({ items: z.array(holdSchema) });
  app.get(
    "/api/v1/holds",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        querystring: z.object({
          point: z.string().optional(),
          released: z.stringbool().default(false).describe("Also those that were released."),
        }),
        response: { 200: holdsSchema },
      },
    },
    async ({ query: { point, released } }) => ({
      items: (await listHolds(cp.db, { pointId: point, all: released })).map(holdView),
    }),
  );

  app.post(
    "/api/v1/points/:id/hold",
    { config: { role: "operator" }, schema: { tags, params, body: holdCreateSchema, response: { 201: holdSchema } } },
    async ({ params: { id }, body, caller }, reply) =>
      reply.code(201).send(holdView(await holdPoint(cp, id, body, `user:${caller.name}`))),
  );

  app.post(
    "/api/v1/points/:id/release",
    { config: { role: "operator" }, schema: { tags, params, response: { 200: holdsSchema } } },
    async ({ params: { id }, caller }) => ({
      items: (await releasePoint(cp, id, `user:${caller.name}`)).map(holdView),
    }),
  );
}
