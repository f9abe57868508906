import { MusterError } from "@muster/core";
import { kitSchema } from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { collectKit } from "./collect.ts";

/** What `muster kit` prints. It is a GET although it is recorded: the answer may hold secrets, and is stored nowhere. */
export function kitRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/kit",
    {
      config: { role: "operator" },
      schema: {
        tags: ["kit"],
        querystring: z.object({ secrets: z.stringbool().default(false) }),
        response: { 200: kitSchema },
      },
    },
    ({ query: { secrets }, caller }, reply) => {
      if (secrets && caller.role !== "admin") {
        throw new MusterError("forbidden", "only an admin may have the kit with its secrets");
      }
      reply.header("cache-control", "no-store");
      return collectKit(cp, { withSecrets: secrets }, `user:${caller.name}`);
    },
  );
}
