import { execFile, spawn } from "node:child_process";
import { chown, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "@muster/core/testing";
import { isAlive } from "./is-alive.ts";
import { freePort } from "./ports.ts";
import { dropPrograms, reachablePrograms, type ServerAccount, serverAccount } from "./postgres-programs.ts";
import { queryOn } from "./query-on.ts";

const run = promisify(execFile);

export interface ClusterOptions {
  /** 15 when left out. */
  readonly major?: number;
  /** Data checksums; on unless said otherwise. */
  readonly checksums?: boolean;
  /** Megabytes of a WAL segment. */
  readonly walSegmentSize?: number;
  /** Settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface TestCluster extends AsyncDisposable {
  readonly major: number;
  readonly bin: string;
  readonly home: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly dataDirectory: string;
  readonly account: ServerAccount;
  /** Rows of one statement in one database. */
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** A new directory of the server's user, for a tablespace. */
  newDirectory(name: string): Promise<string>;
  /** Starts the server, on this or another data directory, with settings beside those of the file; waits until it answers. */
  start(dataDirectory?: string, settings?: Readonly<Record<string, string>>): Promise<void>;
  /** Ends the server by its pid: `SIGINT` is PostgreSQL's fast shutdown, `SIGQUIT` a crash. */
  stop(signal?: "SIGINT" | "SIGQUIT"): Promise<void>;
  /** What the server has written to its log. */
  log(): Promise<string>;
}

/**
 * A real PostgreSQL of a chosen major version, running as an unprivileged user in a temporary directory on a free loopback port,
 * open to everybody there. It syncs nothing. Disposing stops it and removes the directory.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { major = 15, checksums = true, walSegmentSize, settings = {} } = options;
  const account = await serverAccount();
  const { bin, copy } = await reachablePrograms(major, account);
  const home = await mkdtemp(join(tmpdir(), "muster-cluster-"));
  await chown(home, account.uid, account.gid);
  const dataDirectory = join(home, "data");
  const args = ["-D", dataDirectory, "-N", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"];
  const size = walSegmentSize === undefined ? [] : [`--wal-segsize=${walSegmentSize}`];
  const sums = checksums ? ["--data-checksums"] : major >= 18 ? ["--no-data-checksums"] : [];
  await run(join(bin, "initdb"), [...args, ...size, ...sums], { ...account, cwd: home });
  const cluster = clusterAt({ major, bin, copy, home, dataDirectory, account, settings, port: await freePort() });
  await cluster.start();
  return cluster;
}

interface Place {
  readonly major: number;
  readonly bin: string;
  readonly copy: string | undefined;
  readonly home: string;
  readonly dataDirectory: string;
  readonly account: ServerAccount;
  readonly settings: Readonly<Record<string, string>>;
  readonly port: number;
}

function clusterAt(place: Place): TestCluster {
  const { home, account, port, bin, copy } = place;
  const connection = { host: "127.0.0.1", port, user: "postgres" };
  let running: number | undefined;
  const query = queryOn(connection);
  const log = (): Promise<string> => readFile(join(home, "log"), "utf8").catch(() => "");
  const stop = async (signal: "SIGINT" | "SIGQUIT" = "SIGINT"): Promise<void> => {
    const pid = running;
    if (pid === undefined) return;
    if (isAlive(pid)) process.kill(pid, signal);
    await waitFor("PostgreSQL to end", () => !isAlive(pid), { timeout: 60_000 });
    running = undefined;
  };
  const start: TestCluster["start"] = async (dataDirectory = place.dataDirectory, settings = {}) => {
    const all = { ...baseSettings(home, port), ...place.settings, ...settings };
    const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const program = `exec "$0" "$@" >>'${join(home, "log")}' 2>&1`;
    const argv = ["-c", program, join(bin, "postgres"), "-D", dataDirectory, ...args];
    const child = spawn("sh", argv, { stdio: "ignore", cwd: home, ...account });
    running = child.pid;
    child.unref();
    const answered = (): Promise<boolean> =>
      query("SELECT 1").then(
        () => true,
        () => false,
      );
    await waitFor(
      "PostgreSQL to answer",
      async () => {
        if (child.exitCode !== null) throw new Error(`PostgreSQL ended: ${(await log()).slice(-2000)}`);
        return answered();
      },
      { timeout: 60_000 },
    );
  };
  return {
    ...connection,
    ...place,
    query,
    log,
    start,
    stop,
    async newDirectory(name) {
      const directory = join(home, name);
      await mkdir(directory, { mode: 0o700 });
      await chown(directory, account.uid, account.gid);
      return directory;
    },
    async [Symbol.asyncDispose]() {
      await stop("SIGQUIT");
      await rm(home, { recursive: true, force: true });
      await dropPrograms(copy);
    },
  };
}

function baseSettings(home: string, port: number): Record<string, string> {
  return {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: home,
    fsync: "off",
    autovacuum: "off",
    shared_buffers: "16MB",
  };
}
