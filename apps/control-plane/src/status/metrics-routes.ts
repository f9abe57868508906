import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { renderMetrics } from "./metrics.ts";

/** `/metrics` for Prometheus, without sign-in. */
export function metricsRoutes(app: App, cp: ControlPlane): void {
  app.get("/metrics", { schema: { tags: ["metrics"], hide: true } }, async (_request, reply) => {
    const { contentType, text } = await renderMetrics(cp);
    return reply.type(contentType).send(text);
  });
}
