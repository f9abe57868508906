import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "@muster/core/testing";
import { Client } from "pg";

const run = promisify(execFile);
const programs = process.env.MUSTER_POSTGRES_BIN ?? "/usr/lib/postgresql/15/bin";

export interface PostgresServer extends AsyncDisposable {
  /** Makes an empty database; its address. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a PostgreSQL server of its own in a temporary folder, on a free port of the loopback; durability is off. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "muster-pg-"));
  const user = await unprivilegedUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const as = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C" };
  await run(join(programs, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "-N"], {
    ...as,
    env,
    cwd: folder,
  });
  const port = await freePort();
  const settings = ["fsync=off", "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`];
  const args = ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  const server = spawn(join(programs, "postgres"), args, { ...as, env, cwd: folder, stdio: "ignore" });
  const ended = once(server, "close");
  const admin = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let databases = 0;

  const stop = async (): Promise<void> => {
    server.kill("SIGINT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  await waitFor("PostgreSQL to answer", () =>
    query(admin, "select 1").then(
      () => true,
      () => false,
    ),
  );
  return {
    async createDatabase() {
      const name = `test_${++databases}`;
      await query(admin, `create database ${name}`);
      return admin.replace(/postgres$/, name);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined); // the query's own failure tells
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** PostgreSQL does not run as root. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP listener has a port");
  return address.port;
}
