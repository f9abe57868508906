import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { alive, pidIn, run, until } from "../processes.ts";
import { places, type Settings } from "../settings.ts";

/** Starts the server on its data folder; does nothing when it runs. */
export async function startRedis(settings: Settings): Promise<void> {
  const directory = places(settings).redisData;
  if (await redisPid(settings)) return;
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const options = {
    port: settings.ports.redis,
    bind: "127.0.0.1",
    dir: directory,
    pidfile: join(directory, "redis.pid"),
    save: "",
  };
  const argv = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
  await run(["redis-server", ...argv, "--daemonize", "yes", "--logfile", join(settings.folder, "logs", "redis.log")]);
  await until("Redis", async () => (await cli(settings, "ping")).includes("PONG"));
}

/** Stops the server without saving; does nothing when it does not run. */
export async function stopRedis(settings: Settings): Promise<void> {
  const pid = await redisPid(settings);
  if (pid === undefined) return;
  process.kill(pid, "SIGTERM");
  await until("Redis to stop", async () => !alive(pid));
}

function redisPid(settings: Settings): Promise<number | undefined> {
  return pidIn(join(places(settings).redisData, "redis.pid"), "redis-server", `:${settings.ports.redis}`);
}

function cli(settings: Settings, ...argv: string[]): Promise<string> {
  return run(["redis-cli", "-h", "127.0.0.1", "-p", String(settings.ports.redis), ...argv]);
}
