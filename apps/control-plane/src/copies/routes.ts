import { copyRunSchema } from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { type CopyRunRow, listRuns } from "./store.ts";

const query = z.object({ limit: z.coerce.number<number | string>().int().min(1).max(500).default(50) });

/** Runs that copied points to further repositories, newest first. */
export function copyRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/copies",
    {
      config: { role: "viewer" },
      schema: { tags: ["points"], querystring: query, response: { 200: z.object({ items: z.array(copyRunSchema) }) } },
    },
    async ({ query: { limit } }) => ({ items: (await listRuns(cp.db, limit)).map(runView) }),
  );
}

function runView(row: CopyRunRow) {
  const { id, service, source, host, state, points } = row;
  return {
    ...{ id, service, source, host, state, points },
    from: row.fromRepository,
    to: row.toRepository,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString(),
    finishedAt: row.finishedAt?.toISOString(),
    retryAt: row.state === "failed" ? row.retryAt?.toISOString() : undefined,
    progress: row.progress ?? undefined,
    bytes: row.bytes ?? undefined,
    error: row.error ?? undefined,
  };
}
