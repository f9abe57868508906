import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { alive, pidIn, until } from "../processes.ts";
import { places, type Settings } from "../settings.ts";

/** Starts the shop in the background; it is healthy only later, which is what the gate is for. */
export async function startShop(settings: Settings): Promise<void> {
  if ((await shopPid(settings)) !== undefined) return;
  const { configFile, shopLog, shopPid: pidFile } = places(settings);
  const log = openSync(shopLog, "a");
  const server = join(import.meta.dirname, "..", "shop", "server.ts");
  const child = spawn(process.execPath, [server, configFile], {
    cwd: settings.folder,
    detached: true,
    stdio: ["ignore", log, log],
  });
  if (child.pid === undefined) throw new Error("the shop could not be started");
  child.unref();
  await writeFile(pidFile, String(child.pid));
}

/** Stops the shop; does nothing when it does not run. */
export async function stopShop(settings: Settings): Promise<void> {
  const pid = await shopPid(settings);
  if (pid !== undefined) {
    process.kill(pid, "SIGTERM");
    await until("the shop to stop", async () => !alive(pid));
  }
  await rm(places(settings).shopPid, { force: true });
}

/** The pid file stays when the shop is killed, so whose pid it is now has to be seen. */
function shopPid(settings: Settings): Promise<number | undefined> {
  const { shopPid: file, configFile } = places(settings);
  return pidIn(file, configFile);
}

/** Asks the shop whether it can take orders; throws when not. */
export async function checkShop(settings: Settings): Promise<void> {
  const { certificate } = places(settings);
  const options = {
    host: "127.0.0.1",
    port: settings.ports.shop,
    path: "/health",
    ca: readFileSync(certificate),
    servername: "localhost",
    timeout: 2000,
  };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const outgoing = get(options, (response) => resolve(response.resume().statusCode));
    outgoing.on("timeout", () => outgoing.destroy(new Error("the shop does not answer within 2 s")));
    outgoing.on("error", reject);
  });
  if (status !== 200) throw new Error(`the shop answers ${status}`);
}
