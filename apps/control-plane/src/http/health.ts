import { MusterError } from "@muster/core";
import { sql } from "drizzle-orm";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "./app-types.ts";

/** `/healthz`: 200 when the database answers, otherwise a problem with 503. */
export function healthRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/healthz",
    {
      config: { rateLimit: false },
      schema: { tags: ["about"], response: { 200: z.object({ status: z.literal("ok") }) } },
    },
    async () => {
      try {
        await cp.db.execute(sql`select 1`);
      } catch (cause) {
        throw new MusterError("database-unavailable", "the control plane's database does not answer", { cause });
      }
      return { status: "ok" as const };
    },
  );
}
