import {
  catalogRebuiltSchema,
  healReportSchema,
  repositorySchema,
  verifyCreateSchema,
  verifyReportSchema,
} from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { healRepository } from "./heal.ts";
import { listRepositories } from "./list-repositories.ts";
import { rebuildCatalog } from "./rebuild.ts";
import { verifyRepository } from "./verify.ts";

const tags = ["repositories"];
const params = z.object({ name: z.string() });

/** Repositories: reach them, rebuild the catalog from one, verify one. */
export function repositoryRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/repositories",
    {
      config: { role: "viewer" },
      schema: { tags, response: { 200: z.object({ items: z.array(repositorySchema) }) } },
    },
    async () => ({ items: await listRepositories(cp) }),
  );

  app.post(
    "/api/v1/repositories/:name/rebuild",
    { config: { role: "operator" }, schema: { tags, params, response: { 200: catalogRebuiltSchema } } },
    async ({ params: { name }, caller }) => {
      const rebuilt = await rebuildCatalog(cp, name, `user:${caller.name}`);
      return { ...rebuilt, missing: [...rebuilt.missing] };
    },
  );

  app.post(
    "/api/v1/repositories/:name/verify",
    {
      config: { role: "operator" },
      schema: { tags, params, body: verifyCreateSchema, response: { 200: verifyReportSchema } },
    },
    ({ params: { name }, body, caller }) => verifyRepository(cp, { ...body, repository: name }, `user:${caller.name}`),
  );

  app.post(
    "/api/v1/repositories/:name/heal",
    {
      config: { role: "operator" },
      schema: { tags, params, body: verifyCreateSchema, response: { 200: healReportSchema } },
    },
    ({ params: { name }, body, caller }) => healRepository(cp, { ...body, repository: name }, `user:${caller.name}`),
  );
}
