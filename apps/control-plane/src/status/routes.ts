import { fleetStatusSchema } from "@muster/protocol";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { fleetStatus } from "./fleet.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { publicRoutes } from "./public-routes.ts";

/** The operators' view of the fleet, the public page with its feeds, and the metrics. */
export function statusRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/status",
    { config: { role: "viewer" }, schema: { tags: ["status"], response: { 200: fleetStatusSchema } } },
    () => fleetStatus(cp),
  );
  publicRoutes(app, cp);
  metricsRoutes(app, cp);
}
