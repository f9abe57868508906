import { MusterError } from "@muster/core";
import type { App } from "./app-types.ts";

/** Headers for answers that do not set their own; pages with styles or scripts set their own policy. */
const defaults = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Sets security headers, keeps API answers out of caches, and refuses what the database cannot hold. */
export function secure(app: App): void {
  app.addHook("onRequest", async ({ url }) => {
    if (/%00/.test(url)) throw new MusterError("request-invalid", "the address holds a NUL character");
  });

  app.addHook("preHandler", async ({ body }) => {
    // PostgreSQL stores no NUL in text or jsonb.
    if (body !== undefined && JSON.stringify(body)?.includes("\\u0000")) {
      throw new MusterError("request-invalid", "the body holds a NUL character");
    }
  });

  app.addHook("onSend", async (request, reply) => {
    for (const [name, value] of Object.entries(defaults)) if (!reply.hasHeader(name)) reply.header(name, value);
    if (request.url.startsWith("/api/v1/") && !reply.hasHeader("cache-control")) {
      reply.header("cache-control", "no-store");
    }
  });
}
