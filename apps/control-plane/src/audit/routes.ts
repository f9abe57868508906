import { auditRecords } from "@muster/database";
import { auditRecordSchema, auditVerdictSchema, pageOf, pageQuerySchema } from "@muster/protocol";
import { desc, lt } from "drizzle-orm";
import type { ControlPlane } from "../context.ts";
import type { App } from "../http/app-types.ts";
import { verifyAudit } from "./verify.ts";

/** The audit trail, newest first, and the check of its hash chain. */
export function auditRoutes(app: App, cp: ControlPlane): void {
  app.get(
    "/api/v1/audit",
    {
      config: { role: "viewer" },
      schema: { tags: ["audit"], querystring: pageQuerySchema, response: { 200: pageOf(auditRecordSchema) } },
    },
    async ({ query: { limit, cursor } }) => {
      const before = Number(cursor ?? Number.MAX_SAFE_INTEGER);
      const rows = await cp.db
        .select()
        .from(auditRecords)
        .where(lt(auditRecords.seq, Number.isSafeInteger(before) ? before : 0))
        .orderBy(desc(auditRecords.seq))
        .limit(limit + 1);
      const items = rows.slice(0, limit).map((row) => ({ ...row, at: row.at.toISOString() }));
      return rows.length > limit ? { items, next: String(items.at(-1)?.seq) } : { items };
    },
  );

  app.get(
    "/api/v1/audit/verify",
    { config: { role: "viewer" }, schema: { tags: ["audit"], response: { 200: auditVerdictSchema } } },
    () => verifyAudit(cp.db),
  );
}
