import { MusterError } from "@muster/core";
import {
  planAppliedSchema,
  planApplySchema,
  planCheckedSchema,
  planCheckSchema,
  planSchemaView,
  planVersionSchema,
} from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { applyPlan } from "./apply.ts";
import { checkPlan } from "./check.ts";
import { currentPlan, currentPlans, planHistory, planVersion, type StoredPlan } from "./store.ts";

const nameSchema = z.object({ name: z.string() });
const tags = ["plans"];

/** Plans: check, compare, apply, list, show, versions. */
export function planRoutes(app: App, cp: ControlPlane): void {
  writeRoutes(app, cp);
  readRoutes(app, cp);
}

function writeRoutes(app: App, cp: ControlPlane): void {
  app.post(
    "/api/v1/plans/check",
    { config: { role: "viewer" }, schema: { tags, body: planCheckSchema, response: { 200: planCheckedSchema } } },
    async ({ body }) => {
      const { findings, hash } = await checkPlan(cp.db, body.files, cp.config.repositories);
      return { findings, hash };
    },
  );

  app.post(
    "/api/v1/plans/diff",
    { config: { role: "viewer" }, schema: { tags, body: planCheckSchema, response: { 200: planAppliedSchema } } },
    ({ body, caller }) => applyPlan(cp, { files: body.files, dryRun: true }, `user:${caller.name}`),
  );

  app.post(
    "/api/v1/plans",
    { config: { role: "operator" }, schema: { tags, body: planApplySchema, response: { 200: planAppliedSchema } } },
    ({ body, caller }) => applyPlan(cp, body, `user:${caller.name}`),
  );
}

function readRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/plans",
    {
      config: { role: "viewer" },
      schema: { tags, response: { 200: z.object({ items: z.array(planVersionSchema) }) } },
    },
    async () => ({ items: (await currentPlans(cp.db)).map(versionView) }),
  );

  app.get(
    "/api/v1/plans/:name",
    { config: { role: "viewer" }, schema: { tags, params: nameSchema, response: { 200: planSchemaView } } },
    async ({ params: { name } }) => planView(found(await currentPlan(cp.db, name), `no plan ${name} is in force`)),
  );

  app.get(
    "/api/v1/plans/:name/versions",
    {
      config: { role: "viewer" },
      schema: { tags, params: nameSchema, response: { 200: z.object({ items: z.array(planVersionSchema) }) } },
    },
    async ({ params: { name } }) => ({ items: (await planHistory(cp.db, name)).map(versionView) }),
  );

  app.get(
    "/api/v1/plans/:name/versions/:version",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        params: nameSchema.extend({ version: z.coerce.number().int() }),
        response: { 200: planSchemaView },
      },
    },
    async ({ params: { name, version } }) =>
      planView(found(await planVersion(cp.db, name, version), `plan ${name} has no version ${version}`)),
  );
}

function found(plan: StoredPlan | undefined, message: string): StoredPlan {
  if (plan === undefined) throw new MusterError("not-found", message);
  return plan;
}

function versionView({ name, version, hash, appliedAt, appliedBy }: StoredPlan) {
  return { name, version, hash, appliedAt: appliedAt.toISOString(), appliedBy };
}

function planView(plan: StoredPlan) {
  return { ...versionView(plan), files: plan.files, model: { ...plan.model } };
}
