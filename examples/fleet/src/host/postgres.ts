import { existsSync, readdirSync } from "node:fs";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, until } from "../processes.ts";
import { hostFolder, places, type Settings } from "../settings.ts";
import { asServerUser, serverUser } from "./server-user.ts";

/** The newest PostgreSQL that Debian installed here. */
function binary(name: string): string {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(root, version, "bin", name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} was not found; install PostgreSQL: apt-get install postgresql`);
  return found;
}

/** Makes an empty, running cluster where none is: what `prepare` does before a dump is restored. */
export async function preparePostgres(settings: Settings): Promise<void> {
  const { postgresData, postgresPassword } = places(settings);
  if (!existsSync(join(postgresData, "PG_VERSION"))) {
    const owner = await serverUser();
    await mkdir(postgresData, { recursive: true, mode: 0o700 });
    if (owner !== undefined) await chown(postgresData, owner.uid, owner.gid);
    const initdb = [
      binary("initdb"),
      "-D",
      postgresData,
      "-U",
      "postgres",
      "--auth=scram-sha-256",
      `--pwfile=${postgresPassword}`,
    ];
    await run(await asServerUser([...initdb, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]));
    await writeFile(join(postgresData, "postgresql.auto.conf"), configuration(settings), { mode: 0o600 });
    if (owner !== undefined) await chown(join(postgresData, "postgresql.auto.conf"), owner.uid, owner.gid);
  }
  await startPostgres(settings);
}

function configuration(settings: Settings): string {
  const { folder, ports } = settings;
  const lines = [
    `port = ${ports.postgres}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "max_connections = 50",
  ];
  return `${[...lines, `log_directory = '${folder}/logs'`, "shared_buffers = '64MB'"].join("\n")}\n`;
}

/** Starts the cluster; does nothing when it runs. */
export async function startPostgres(settings: Settings): Promise<void> {
  if (await postgresRuns(settings)) return;
  const log = join(hostFolder(settings, "db-1"), "postgres.log");
  await run(
    await asServerUser([binary("pg_ctl"), "-D", places(settings).postgresData, "-l", log, "-w", "-t", "100", "start"]),
  );
}

/** Stops the cluster; does nothing when it does not run. */
export async function stopPostgres(settings: Settings): Promise<void> {
  if (!(await postgresRuns(settings))) return;
  await run(await asServerUser([binary("pg_ctl"), "-D", places(settings).postgresData, "-m", "fast", "-w", "stop"]));
}

async function postgresRuns(settings: Settings): Promise<boolean> {
  const status = await asServerUser([binary("pg_ctl"), "-D", places(settings).postgresData, "status"]);
  return await run(status).then(
    () => true,
    () => false,
  );
}

/** Waits until the server lets clients in. */
export async function awaitPostgres(settings: Settings): Promise<void> {
  const ready = [binary("pg_isready"), "-h", "127.0.0.1", "-p", String(settings.ports.postgres)];
  await until("PostgreSQL", () => run(ready).then(() => true));
}
