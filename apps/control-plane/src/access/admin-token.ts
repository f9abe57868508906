import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "@muster/core";
import { apiTokens } from "@muster/database";
import { and, eq, isNull } from "drizzle-orm";
import { recordAudit } from "../audit/record.ts";
import type { ControlPlane } from "../context.ts";
import { writePrivateFile } from "../private-file.ts";
import { createApiToken, hashToken, newApiToken } from "./callers.ts";

/**
 * Sees to it that there is an admin: with no live admin token in the database, makes one in `admin.token` of the data
 * folder. The file comes first, so that a crash in between leaves a token that the next start still stores.
 */
export async function ensureAdminToken(cp: ControlPlane): Promise<string> {
  const path = join(cp.config.dataDirectory, "admin.token");
  const admins = and(eq(apiTokens.role, "admin"), isNull(apiTokens.revokedAt), isNull(apiTokens.expiresAt));
  if ((await cp.db.select().from(apiTokens).where(admins).limit(1)).length > 0) return path;
  const left = await readToken(path);
  const token = left !== undefined && !(await isStored(cp, left)) ? left : newApiToken();
  await writePrivateFile(path, `${token}\n`);
  const now = cp.clock.now();
  await cp.db.transaction(async (tx) => {
    const { stored } = await createApiToken(tx, now, { name: "admin", role: "admin", createdBy: "system" }, token);
    const details = { name: stored.name, role: stored.role };
    await recordAudit(tx, now, { actor: "system", action: "token.create", subject: stored.id, details });
  });
  cp.log.info({ path }, "an admin token was made");
  return path;
}

/** A token that is stored already was revoked or expires: it is no way in. */
async function isStored(cp: ControlPlane, token: string): Promise<boolean> {
  return (
    (
      await cp.db
        .select()
        .from(apiTokens)
        .where(eq(apiTokens.hash, hashToken(token)))
    ).length > 0
  );
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim() || undefined;
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
