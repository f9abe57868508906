import { MusterError } from "@muster/core";
import { enrolmentTokenCreateSchema, enrolmentTokenSchema, hostSchema, reasonSchema } from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { createEnrolmentToken } from "./enrolment-token.ts";
import { listProbes } from "./probes.ts";
import { revokeHost } from "./revoke.ts";
import { findHost, listHosts } from "./store.ts";
import { hostView } from "./views.ts";

const named = z.object({ name: z.string() });

/** Hosts, their enrolment and their revocation. */
export function hostRoutes(app: App, cp: ControlPlane): void {
  readRoutes(app, cp);
  enrolmentTokenRoute(app, cp);
  revokeRoute(app, cp);
}

function readRoutes(app: App, cp: ControlPlane): void {
  const config = { role: "viewer" } as const;
  const listSchema = { tags: ["hosts"], response: { 200: z.object({ items: z.array(hostSchema) }) } };
  app.get("/api/v1/hosts", { config, schema: listSchema }, async () => {
    const probes = Map.groupBy(await listProbes(cp.db), ({ host }) => host);
    const rows = await listHosts(cp.db);
    return { items: rows.map((row) => hostView(row, probes.get(row.name) ?? [])) };
  });

  const oneSchema = { tags: ["hosts"], params: named, response: { 200: hostSchema } };
  app.get("/api/v1/hosts/:name", { config, schema: oneSchema }, async ({ params: { name } }) => {
    const row = await findHost(cp.db, name);
    if (row === undefined) throw new MusterError("not-found", `there is no host ${name}`);
    return hostView(row, await listProbes(cp.db, name));
  });
}

function enrolmentTokenRoute(app: App, cp: ControlPlane): void {
  app.post(
    "/api/v1/enrolment-tokens",
    {
      config: { role: "admin", idempotent: false },
      schema: { tags: ["hosts"], body: enrolmentTokenCreateSchema, response: { 201: enrolmentTokenSchema } },
    },
    async ({ body: { host, expiresIn }, caller }, reply) => {
      const actor = `user:${caller.name}` as const;
      const { token, expiresAt } = await createEnrolmentToken(cp, { host, lifeMs: expiresIn * 1000, actor });
      const command = "muster-agent enroll --token-file -"; // the token goes to its standard input
      return reply.code(201).send({ host, token, expiresAt: expiresAt.toISOString(), command });
    },
  );
}

function revokeRoute(app: App, cp: ControlPlane): void {
  app.post(
    "/api/v1/hosts/:name/revoke",
    {
      config: { role: "admin" },
      schema: { tags: ["hosts"], params: named, body: reasonSchema, response: { 200: hostSchema } },
    },
    async ({ params: { name }, body: { reason = "" }, caller }) => {
      await revokeHost(cp, name, `user:${caller.name}`, reason);
      const row = await findHost(cp.db, name);
      if (row === undefined) throw new MusterError("not-found", `there is no host ${name}`);
      return hostView(row, []);
    },
  );
}
