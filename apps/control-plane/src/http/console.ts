import { existsSync } from "node:fs";
import { join } from "node:path";
import staticFiles from "@fastify/static";
import type { App } from "./app-types.ts";

/** Where the built console lies: beside the folder of a bundle, and beside the sources. */
const folders = [
  join(import.meta.dirname, "..", "console"),
  join(import.meta.dirname, "..", "..", "..", "console", "dist"),
];

/** Only the console's own files, and calls to this control plane. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Vite names the files below assets/ after their content. */
const forever = "public, max-age=31536000, immutable";

const unbuilt = `The console is not built yet. In Muster's folder:

  npm run build -w apps/console

Then start the control plane again.
`;

/** The folder of the built console; undefined when nobody has built it. */
export function builtConsole(): string | undefined {
  return folders.find((folder) => existsSync(join(folder, "index.html")));
}

/** Serves the operator console at `/console/`, or says there how it is built. */
export async function serveConsole(app: App, root: string | undefined): Promise<void> {
  app.get("/console", { schema: { hide: true } }, (_request, reply) => reply.redirect("/console/"));
  if (root === undefined) {
    app.get("/console/*", { schema: { hide: true } }, (_request, reply) =>
      reply.code(503).type("text/plain").send(unbuilt),
    );
    return;
  }
  await app.register(async (scope) => {
    scope.addHook("onSend", async ({ url }, reply) => {
      const served = reply.statusCode === 200 || reply.statusCode === 304;
      reply.header("content-security-policy", policy);
      reply.header("cache-control", served && url.startsWith("/console/assets/") ? forever : "no-cache");
    });
    await scope.register(staticFiles, { root, prefix: "/console/", cacheControl: false });
  });
}
