import { MusterError } from "@muster/core";
import { type ApiPoint, instantSchema, pageOf, pageQuerySchema, pointSchema } from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import { copiesOf } from "../copies/store.ts";
import type { App } from "../http/app-types.ts";
import { listPoints, type PointCursor, type PointRow, pointById } from "./points-store.ts";
import { sampleProgress } from "./sample-progress.ts";
import { pointView } from "./views.ts";

const filterSchema = pageQuerySchema.extend({
  service: z.string().optional(),
  source: z.string().optional(),
  repository: z.string().optional(),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  expired: z.stringbool().default(false).describe("Also the points that retention has marked."),
});
const tags = ["points"];

/** Recovery points, newest first. */
export function pointRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/points",
    { config: { role: "viewer" }, schema: { tags, querystring: filterSchema, response: { 200: pageOf(pointSchema) } } },
    async ({ query: { limit, cursor, from, to, ...filter } }) => {
      const range = { from: dateOf(from), to: dateOf(to) };
      const page = { limit: limit + 1, cursor: cursor === undefined ? undefined : parseCursor(cursor) };
      const rows = await listPoints(cp.db, { ...filter, ...range }, page);
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      return {
        items: await pointViews(cp, items),
        ...(rows.length > limit && last !== undefined ? { next: formatCursor(last) } : {}),
      };
    },
  );

  app.get(
    "/api/v1/points/:id",
    {
      config: { role: "viewer" },
      schema: { tags, params: z.object({ id: z.string() }), response: { 200: pointSchema } },
    },
    async ({ params: { id } }) => {
      const row = await pointById(cp.db, id);
      if (row === undefined) throw new MusterError("point-missing", `the catalog has no point ${id}`);
      const copies = (await copiesOf(cp.db, [id])).get(id) ?? [];
      return pointView(row, copies, await sampleProgress(cp.db, cp.config.repositories));
    },
  );
}

async function pointViews({ db, config }: ControlPlane, rows: readonly PointRow[]): Promise<ApiPoint[]> {
  const copies = await copiesOf(
    db,
    rows.map(({ id }) => id),
  );
  const sampled = await sampleProgress(db, config.repositories);
  return rows.map((row) => pointView(row, copies.get(row.id) ?? [], sampled));
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

function formatCursor({ takenAt, id }: PointRow): string {
  return `${takenAt.getTime()}.${id}`;
}

/** Throws `usage` for a cursor that no page has given. */
function parseCursor(text: string): PointCursor {
  const match = /^(\d+)\.(.+)$/.exec(text);
  const [, time = "", id = ""] = match ?? [];
  const takenAt = new Date(Number(time));
  if (match === null || Number.isNaN(takenAt.getTime())) {
    throw new MusterError("usage", `"${text}" is not a cursor`, { hint: "Send the `next` of the page before." });
  }
  return { takenAt, id };
}
