import swagger from "@fastify/swagger";
import { jsonSchemaTransform } from "fastify-type-provider-zod";
import type { App } from "./app-types.ts";

/** Describes every route that is registered after it, as OpenAPI 3.1 at `/openapi.json`. */
export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Muster",
        version: "1",
        description: "Disaster recovery: plans, backups, recoveries, hosts, status. Errors are RFC 9457 problems.",
      },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input);
      const role = input.route.config?.role;
      if (role === undefined) return { schema, url };
      const description = [schema.description, `Needs the role ${role}.`].filter(Boolean).join(" ");
      return { schema: { ...schema, description, security: [{ bearer: [] }] }, url };
    },
  });
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
}
