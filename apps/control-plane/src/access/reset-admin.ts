import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Clock, MusterError } from "@muster/core";
import { apiTokens, openDatabase } from "@muster/database";
import { and, eq, isNull } from "drizzle-orm";
import { recordAudit } from "../audit/record.ts";
import type { Config } from "../config.ts";
import { writePrivateFile } from "../private-file.ts";
import { createApiToken, newApiToken } from "./callers.ts";

/**
 * The way back in when the admin's token is lost, for whoever may read the data folder and nobody else: makes a new one in
 * `admin.token` there, and revokes the ones that the control plane itself has made. Tokens that admins made for people stay.
 * Gives the file's path. Throws `config-invalid` for a folder that no control plane has used, `data-in-use` while one works with
 * the embedded database, `database-unavailable`.
 */
export async function resetAdminToken(config: Config, clock: Clock): Promise<string> {
  const { dataDirectory, databaseUrl } = config;
  if (!existsSync(join(dataDirectory, "authority.pem"))) {
    throw new MusterError("config-invalid", `${dataDirectory} is no data folder of a control plane`, {
      hint: "Name it with --data, or its configuration with --config.",
    });
  }
  await using database = await openDatabase({ url: databaseUrl, directory: join(dataDirectory, "database") });
  const now = clock.now();
  const path = join(dataDirectory, "admin.token");
  const token = newApiToken();
  await database.db.transaction(async (tx) => {
    const own = and(eq(apiTokens.role, "admin"), eq(apiTokens.createdBy, "system"), isNull(apiTokens.revokedAt));
    const gone = await tx
      .update(apiTokens)
      .set({ revokedAt: new Date(now) })
      .where(own)
      .returning({ id: apiTokens.id });
    const wanted = { name: "admin", role: "admin", createdBy: "system" } as const;
    const { stored } = await createApiToken(tx, now, wanted, token);
    const details = { revoked: gone.map(({ id }) => id), with: "the data folder" };
    await recordAudit(tx, now, { actor: "system", action: "token.reset", subject: stored.id, details });
    // Last: when it fails, nothing was changed. After it only a failed commit leaves a file that does not count; then repeat it.
    await writePrivateFile(path, `${token}\n`);
  });
  return path;
}
