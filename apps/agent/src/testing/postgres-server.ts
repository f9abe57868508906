import { execFile, spawn } from "node:child_process";
import { access, chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "@muster/core/testing";
import { isAlive } from "./is-alive.ts";
import { freePort } from "./ports.ts";
import { type ServerAccount, serverAccount } from "./postgres-programs.ts";
import { queryOn } from "./query-on.ts";

const run = promisify(execFile);

export interface TestPostgres extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dataDirectory: string;
  /** The server's certificate, made for this address; it takes encrypted connections too. */
  readonly certificate: string;
  /** Rows of one statement in one database. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Starts the server and waits until it answers. */
  start(): Promise<void>;
  /** Ends the server by its pid: `SIGINT` is PostgreSQL's fast shutdown, `SIGQUIT` a crash. */
  stop(signal?: "SIGINT" | "SIGQUIT"): Promise<void>;
  /** Puts another data directory in the place of the stopped server's. */
  replaceData(directory: string): Promise<void>;
}

/**
 * A real PostgreSQL in a temporary directory on a free loopback port, with a password. The server refuses to run as root, so
 * under root it runs as the user `postgres`. Disposing stops it and removes the directory.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = await binDirectory();
  const home = await mkdtemp(join(tmpdir(), "muster-postgres-"));
  const dataDirectory = join(home, "data");
  const account = await serverAccount();
  await chown(home, account.uid, account.gid);
  const password = "test: pass\\word"; // what a password file has to escape
  const passwordFile = join(home, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await chown(passwordFile, account.uid, account.gid);
  const options = [
    "-U",
    "postgres",
    "-A",
    "scram-sha-256",
    `--pwfile=${passwordFile}`,
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
  ];
  await run(join(bin, "initdb"), ["-D", dataDirectory, "-N", ...options], { uid: account.uid, gid: account.gid });
  await makeCertificate(home, account);
  await mkdir(join(home, "socket"));
  await chown(join(home, "socket"), account.uid, account.gid);
  const server = postgresAt({ bin, home, dataDirectory, account, password, port: await freePort() });
  await server.start();
  return server;
}

interface Place {
  readonly bin: string;
  readonly home: string;
  readonly dataDirectory: string;
  readonly account: ServerAccount;
  readonly password: string;
  readonly port: number;
}

function postgresAt({ bin, home, dataDirectory, account, password, port }: Place): TestPostgres {
  const connection = { host: "127.0.0.1", port, user: "postgres", password };
  const query = queryOn(connection);
  const pid = async (): Promise<number | undefined> => {
    const file = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => undefined);
    return file === undefined ? undefined : Number(file.split("\n")[0]);
  };
  const stop = async (signal: "SIGINT" | "SIGQUIT" = "SIGINT"): Promise<void> => {
    const running = await pid();
    if (running === undefined || !isAlive(running)) return;
    process.kill(running, signal);
    await waitFor("PostgreSQL to end", () => !isAlive(running));
  };
  return {
    ...connection,
    dataDirectory,
    certificate: join(home, "server.crt"),
    query,
    stop,
    async replaceData(directory) {
      await rename(dataDirectory, `${dataDirectory}-before`);
      await rename(directory, dataDirectory);
    },
    async start() {
      const settings = [
        `port=${port}`,
        "listen_addresses=127.0.0.1",
        `unix_socket_directories=${home}/socket`,
        "fsync=off",
        "ssl=on",
        `ssl_cert_file=${home}/server.crt`,
        `ssl_key_file=${home}/server.key`,
      ];
      const args = ["-D", dataDirectory, ...settings.flatMap((setting) => ["-c", setting])];
      const child = spawn(join(bin, "postgres"), args, { stdio: "ignore", uid: account.uid, gid: account.gid });
      child.unref();
      await waitFor("PostgreSQL to answer", () =>
        query("SELECT 1").then(
          () => true,
          () => false,
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function makeCertificate(home: string, account: ServerAccount): Promise<void> {
  const files = ["-keyout", join(home, "server.key"), "-out", join(home, "server.crt")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  await run("openssl", ["req", "-x509", ...kind, ...name, ...files]);
  await chmod(join(home, "server.key"), 0o600);
  await chown(join(home, "server.key"), account.uid, account.gid);
}

async function binDirectory(): Promise<string> {
  for (const major of [18, 17, 16, 15, 14, 13]) {
    const directory = `/usr/lib/postgresql/${major}/bin`;
    if (
      await access(join(directory, "initdb")).then(
        () => true,
        () => false,
      )
    )
      return directory;
  }
  throw new Error("PostgreSQL is not installed: the tests need its server");
}
