import { fastify } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { describe, expect, it } from "vitest";
import type { App } from "../http/app-types.ts";
import { planRoutes } from "../plans/routes.ts";
import { backupHandler } from "./backup-results.ts";
import { pointRoutes } from "./point-routes.ts";
import { retentionRoutes } from "./retention-routes.ts";
import { backupRoutes } from "./routes.ts";
import { answer, type TestPlane, testPlane } from "./testing/test-plane.ts";

const plan = `version: 1
name: shop
timezone: UTC
tiers: [{ tier: 1, name: Data }]
services:
  db: { tier: 1, host: db-1, sources: { orders: {} } }
`;

async function plane(): Promise<TestPlane & { app: App }> {
  const made = await testPlane();
  made.cp.commands.handle("backup", backupHandler(made.cp));
  made.bus.online.add("db-1");
  const app: App = fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook("onRequest", async (request) => {
    request.caller = { name: "ann", role: "admin" };
  });
  for (const routes of [planRoutes, backupRoutes, pointRoutes, retentionRoutes]) routes(app, made.cp);
  return { ...made, app };
}

describe("the routes of plans and the catalog", () => {
  it("lead from a plan over a backup to its points, page by page", async () => {
    await using test = await plane();
    const files = [{ name: "plan.yaml", text: plan }];
    const checked = await test.app.inject({ method: "POST", url: "/api/v1/plans/check", payload: { files } });
    expect(checked.json()).toMatchObject({ hash: expect.any(String), findings: expect.any(Array) });
    const applied = await test.app.inject({ method: "POST", url: "/api/v1/plans", payload: { files } });
    expect(applied.json()).toMatchObject({ applied: true, version: 1, appliedBy: "user:ann" });
    expect((await test.app.inject("/api/v1/plans/shop")).json()).toMatchObject({ files, model: { name: "shop" } });
    expect((await test.app.inject("/api/v1/plans/shop/versions/1")).statusCode).toBe(200);

    for (const id of ["p1", "p2", "p3"]) {
      const created = await test.app.inject({ method: "POST", url: "/api/v1/backups", payload: { all: true } });
      expect(created.statusCode).toBe(202);
      const seen = (await test.app.inject(String(created.headers.location))).json();
      expect(seen).toMatchObject({ state: "running", trigger: "manual", service: "db" });
      for (const command of test.bus.queued.splice(0)) {
        await answer(test, command, {
          case: "point",
          value: { pointId: id, sourceType: "postgres", repository: "main" },
        });
      }
    }

    const first = (await test.app.inject("/api/v1/points?limit=2")).json();
    const rest = (await test.app.inject(`/api/v1/points?limit=2&cursor=${first.next}`)).json();
    expect([...first.items, ...rest.items].map(({ id }: { id: string }) => id)).toEqual(["p3", "p2", "p1"]);
    expect(rest).not.toHaveProperty("next");
    const backups = (await test.app.inject("/api/v1/backups?state=succeeded&limit=2")).json();
    expect(backups.items).toHaveLength(2);
    const older = (await test.app.inject(`/api/v1/backups?limit=2&cursor=${backups.next}`)).json();
    expect(older.items).toMatchObject([{ pointId: "p1" }]);
    expect((await test.app.inject("/api/v1/retention/preview")).json().items).toHaveLength(3);
  });
});
