import { accessRoutes } from "../access/routes.ts";
import { auditRoutes } from "../audit/routes.ts";
import { pointRoutes } from "../catalog/point-routes.ts";
import { repositoryRoutes } from "../catalog/repository-routes.ts";
import { retentionRoutes } from "../catalog/retention-routes.ts";
import { backupRoutes } from "../catalog/routes.ts";
import type { ControlPlane } from "../context.ts";
import { copyRoutes } from "../copies/routes.ts";
import { hostRoutes } from "../hosts/routes.ts";
import { kitRoutes } from "../kit/routes.ts";
import { planRoutes } from "../plans/routes.ts";
import { recoveryActRoutes } from "../recoveries/act-routes.ts";
import { recoveryRoutes } from "../recoveries/routes.ts";
import { keyRoutes } from "../repositories/keys/routes.ts";
import { statusRoutes } from "../status/routes.ts";
import { holdRoutes, sweepRoutes } from "../sweeps/routes.ts";
import type { App } from "./app-types.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";

/** Every domain's routes, one line each. */
export const routes: readonly ((app: App, cp: ControlPlane) => void)[] = [
  healthRoutes,
  eventRoutes,
  accessRoutes,
  hostRoutes,
  auditRoutes,
  planRoutes,
  backupRoutes,
  pointRoutes,
  copyRoutes,
  retentionRoutes,
  repositoryRoutes,
  keyRoutes,
  kitRoutes,
  sweepRoutes,
  holdRoutes,
  recoveryRoutes,
  recoveryActRoutes,
  statusRoutes,
];
