import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { alive, until } from "./processes.ts";
import { places, type Settings } from "./settings.ts";

/** The services of the plan whose servers `strike` kills. */
export const struckServices: readonly string[] = ["orders-db", "carts", "shop"];

/** Destroys the fleet for real: kills the servers without warning, removes their data, breaks the configuration. */
export async function strike(settings: Settings): Promise<string[]> {
  const at = places(settings);
  await kill("the shop", at.shopPid);
  await kill("PostgreSQL", join(at.postgresData, "postmaster.pid"));
  await kill("Redis", join(at.redisData, "redis.pid"));
  await rm(at.postgresData, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  await rm(at.redisData, { recursive: true, force: true });
  await rm(at.receipts, { recursive: true, force: true });
  await writeFile(at.configFile, "{ this is no configuration any more");
  await rm(at.privateKey);
  return [
    "killed the shop, PostgreSQL and Redis (SIGKILL)",
    "removed the data folders of PostgreSQL and Redis and all receipts",
    "overwrote the configuration and removed the private key",
  ];
}

async function kill(name: string, pidFile: string): Promise<void> {
  const pid = Number(readFileSync(pidFile, "utf8").split("\n")[0]);
  process.kill(pid, "SIGKILL");
  await until(`${name} to die`, async () => !alive(pid));
}
