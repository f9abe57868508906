import { spawn } from "node:child_process";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deadline, MusterError, sleep } from "@muster/core";
import { type Cluster, postgresConfigSchema } from "../../config.ts";
import { type Client, withClient } from "../../connection.ts";
import type { Account } from "../handover.ts";

/** A server that recovers in private: no network, a socket of its own, open to whoever may enter its folder. */
export interface PrivateInstance {
  /** Works on a connection. Throws `source-unavailable` while the server lets nobody in yet. */
  query<T>(work: (client: Client) => Promise<T>, database?: string): Promise<T>;
  /** The status that it ended with; undefined while it runs. */
  readonly ended: number | undefined;
  /** What it has said last. */
  log(): string;
  /** Shuts it down in order; resolves when it is gone. Throws `source-failed` when it does not end. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): void;
}

export interface InstanceOptions {
  readonly dataDirectory: string;
  readonly binDirectory: string;
  /** An empty folder that the server's account can be given. */
  readonly workDirectory: string;
  /** Of a superuser in the cluster. */
  readonly user: string;
  /** Given on the command line in this order; they win over all files. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

const port = 5432;
/** How long an orderly shutdown may take, in milliseconds: it writes a checkpoint. */
const shutdownTime = 300_000;
const keptLog = 16_384;

/** Whatever the configuration in the data directory says: nothing of it may reach beyond this instance. */
const privateSettings = {
  listen_addresses: "",
  port: String(port),
  unix_socket_permissions: "0700",
  ssl: "off",
  archive_mode: "off",
  archive_cleanup_command: "",
  recovery_end_command: "",
  primary_conninfo: "",
  primary_slot_name: "",
  synchronous_standby_names: "",
  hot_standby: "on",
  logging_collector: "off",
  log_destination: "stderr",
};

/** Starts a server on a data directory as the account that owns it. It runs until `stop` or `kill`. */
export async function startInstance(options: InstanceOptions, signal: AbortSignal): Promise<PrivateInstance> {
  const { dataDirectory, binDirectory, workDirectory, settings } = options;
  const account = await ownerOf(dataDirectory);
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  await chmod(workDirectory, 0o700);
  const access = join(workDirectory, "pg_hba.conf");
  await writeFile(access, "local all all trust\n", { mode: 0o600 });
  if (account !== undefined) for (const path of [workDirectory, access]) await chown(path, account.uid, account.gid);
  const places = { unix_socket_directories: workDirectory, hba_file: access };
  const all = [...Object.entries({ ...privateSettings, ...places }), ...settings];
  const args = ["-D", dataDirectory, ...all.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const child = spawn(join(binDirectory, "postgres"), args, {
    stdio: ["ignore", "ignore", "pipe"],
    cwd: workDirectory,
    env: { PATH: process.env.PATH ?? "", LC_MESSAGES: "C", TZ: "UTC" },
    ...account,
  });
  let said = "";
  let ended: number | undefined;
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-keptLog);
  });
  child.once("error", (error) => {
    said += error.message;
    ended = -1;
  });
  child.once("close", (code) => {
    ended = code ?? -1;
  });
  const kill = (): void => void child.kill("SIGQUIT");
  signal.addEventListener("abort", kill, { once: true });
  child.once("close", () => signal.removeEventListener("abort", kill));
  const cluster: Cluster = privateCluster(workDirectory, options.user);
  return {
    query: (work, database) => withClient(cluster, signal, work, database),
    get ended() {
      return ended;
    },
    log: () => said,
    kill,
    async stop() {
      child.kill("SIGINT");
      const late = deadline(shutdownTime);
      while (ended === undefined) {
        if (late.aborted) throw new MusterError("source-failed", `PostgreSQL on ${dataDirectory} does not shut down`);
        await sleep(50);
      }
    },
  };
}

function privateCluster(directory: string, user: string): Cluster {
  return { config: postgresConfigSchema.parse({ type: "postgres", host: directory, port, user }), password: undefined };
}

/** The account that a data directory belongs to, when it is not ours to be: only root may run as another. */
export async function ownerOf(dataDirectory: string): Promise<Account | undefined> {
  const { uid, gid } = await stat(dataDirectory);
  return process.getuid?.() === 0 ? { uid, gid } : undefined;
}

/** The major version that a data directory is of. Throws `source-failed` when it is none. */
export async function majorOf(dataDirectory: string): Promise<number> {
  const text = await readFile(join(dataDirectory, "PG_VERSION"), "utf8").catch((cause: unknown) => {
    throw new MusterError("source-failed", `${dataDirectory} is not a data directory of PostgreSQL`, { cause });
  });
  return Number(text.trim());
}
