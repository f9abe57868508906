import { retentionDecisionSchema } from "@muster/protocol";
import { z } from "zod";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { type Decision, expirePoints, retentionDecisions } from "./retention.ts";

const tags = ["points"];
const decisionsSchema = z.object({ items: z.array(retentionDecisionSchema) });

/** Retention: what it would do now, and doing it. */
export function retentionRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/retention/preview",
    { config: { role: "viewer" }, schema: { tags, response: { 200: decisionsSchema } } },
    async () => ({ items: (await retentionDecisions(cp.db, cp.clock.now())).map(view) }),
  );

  app.post(
    "/api/v1/retention/run",
    { config: { role: "operator" }, schema: { tags, response: { 200: decisionsSchema } } },
    async ({ caller }) => ({ items: (await expirePoints(cp, `user:${caller.name}`)).map(view) }),
  );
}

function view(decision: Decision) {
  return { ...decision, takenAt: decision.takenAt.toISOString(), reasons: [...decision.reasons] };
}
