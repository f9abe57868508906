import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { pagePolicy, publicPage } from "./public-page.ts";
import { readPublic } from "./read-public.ts";
import { statuspageDocuments } from "./statuspage.ts";

const documentNames = [
  "summary",
  "status",
  "components",
  "incidents",
  "incidents/unresolved",
  "scheduled-maintenances",
  "scheduled-maintenances/upcoming",
  "scheduled-maintenances/active",
] as const;

/** The public status page and the Statuspage v2 documents: no sign-in, nothing internal, cacheable for seconds. */
export function publicRoutes(app: App, cp: ControlPlane): void {
  app.get("/", { schema: { tags: ["public"], hide: true } }, async (request, reply) => {
    const { view, days } = await readPublic(cp);
    reply.header("content-security-policy", pagePolicy).type("text/html; charset=utf-8");
    return sendCached(request, reply, publicPage(view, days));
  });

  for (const name of documentNames) {
    app.get(`/api/v2/${name}.json`, { schema: { tags: ["public"] } }, async (request, reply) => {
      const { view, createdAt } = await readPublic(cp);
      const documents = statuspageDocuments(view, { url: `${request.protocol}://${request.host}/`, createdAt });
      reply.header("access-control-allow-origin", "*").type("application/json; charset=utf-8");
      return sendCached(request, reply, JSON.stringify(documents[name]));
    });
  }
}

/** Sends the body with an ETag, or only says that it has not changed. */
function sendCached(request: FastifyRequest, reply: FastifyReply, body: string): FastifyReply {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
  reply.header("etag", etag).header("cache-control", "public, max-age=5, stale-if-error=86400");
  const known = request.headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return known?.includes(etag) === true ? reply.code(304).send() : reply.send(body);
}
