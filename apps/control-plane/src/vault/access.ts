import { commands } from "@muster/database";
import { encodeName } from "@muster/repository";
import { and, eq, ne } from "drizzle-orm";
import { backupSettings } from "../catalog/create-backup.ts";
import type { Tx } from "../context.ts";
import { allServices, type FoundService } from "../plans/store.ts";
import type { Access } from "./permission.ts";

/**
 * The domains of a repository that a host reaches now: to add to, the services that it protects by the plans in force (also
 * while it works by itself) or has a backup of under way; to read, besides, what a live recovery or check on it was granted.
 */
export async function domainsOf(tx: Tx, host: string, repository: string): Promise<Map<string, Access>> {
  const found = new Map<string, Access>();
  const granted = and(
    eq(commands.host, host),
    eq(commands.grantRepository, repository),
    ne(commands.state, "finished"),
  );
  const rows = await tx.select({ domain: commands.grantDomain, owner: commands.owner }).from(commands).where(granted);
  for (const { domain, owner } of rows) {
    if (domain === null) continue;
    const name = encodeName(domain);
    if (found.get(name) !== "write") found.set(name, owner === "backup" ? "write" : "read");
  }
  for (const service of await allServices(tx)) {
    if (service.service.host !== host) continue;
    const domain = encodeName(service.name);
    const access = accessOf(service, repository);
    if (access === "write" || (access === "read" && !found.has(domain))) found.set(domain, access);
  }
  return found;
}

/** Backups go to the first copy; a restore may come from any. */
function accessOf(found: FoundService, repository: string): Access | undefined {
  const { policies } = found.plan.model;
  const sources = Object.keys(found.service.sources);
  if (sources.some((source) => backupSettings({ found, source }).repository === repository)) return "write";
  const copies = Object.values(found.service.sources).flatMap(({ policy }) => policies[policy ?? ""]?.copies ?? []);
  return copies.includes(repository) ? "read" : undefined;
}
