import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, startCluster, type TestCluster } from "@muster/agent/testing";
import { waitFor } from "@muster/core/testing";
import { afterAll, describe, expect, it } from "vitest";
import { expectCode } from "./testing/expect-code.ts";
import { useFleet } from "./testing/fleet.ts";
import { launchers, startProgram } from "./testing/program.ts";

const run = promisify(execFile);

/* A cluster under load is copied while it runs, lost, and brought back: in place, onto another host, and with nothing but the repository. */

let cluster: TestCluster;
let sparePort: number;
let spareData: string;
let spareFast: string;

// Before the fleet's own hook, so that it runs after it.
afterAll(async () => {
  for (const data of [cluster.dataDirectory, spareData]) await run(script(), [data, "kill"]);
  await cluster[Symbol.asyncDispose]();
});

const script = (): string => join(cluster.home, "server.sh");

/** `server.sh DATA start PORT | stop | kill`; each does nothing when there is nothing to do. */
function serverScript({ bin, home }: TestCluster): string {
  const as = process.getuid?.() === 0 ? "runuser -u postgres --" : "";
  const options = `-p $3 -c listen_addresses=127.0.0.1 -c unix_socket_directories=${home} -c fsync=off`;
  return `#!/bin/sh
cd ${home}
ctl() { ${as} ${bin}/pg_ctl -D "$@"; }
case $2 in
  start) ctl "$1" status >/dev/null || ctl "$1" start -w -t 60 -l "$1.log" -o "${options}" >/dev/null ;;
  stop) ctl "$1" status >/dev/null || exit 0; ctl "$1" stop -m fast ;;
  kill) ctl "$1" status >/dev/null || exit 0; ctl "$1" stop -m immediate ;;
esac
`;
}

function agentYaml(dataDirectory: string, port: number, tablespaces: Record<string, string> = {}) {
  const source = { type: "postgres", method: "physical", port, user: "postgres", dataDirectory, tablespaces };
  const action = (...args: string[]) => ({ argv: [script(), dataDirectory, ...args], timeout: "90s" });
  const query = "SELECT NOT pg_is_in_recovery()";
  return {
    sources: { orders: source },
    probes: { "orders-answer": { type: "postgres", port, database: "app", query, expect: "true" } },
    actions: { "start-db": action("start", String(port)), "stop-db": action("stop") },
  };
}

const fleet = useFleet(async (fleet) => {
  cluster = await startCluster({ settings: { max_wal_size: "256MB" } });
  await writeFile(script(), serverScript(cluster), { mode: 0o755 });
  sparePort = await freePort();
  spareData = join(cluster.home, "spare/data");
  spareFast = join(cluster.home, "spare/fast");
  await cluster.query(`CREATE TABLESPACE fast LOCATION '${await cluster.newDirectory("fast")}'`);
  await cluster.query("CREATE DATABASE app");
  await cluster.query(
    "CREATE TABLE commits (n int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp()) TABLESPACE fast",
    "app",
  );
  await run(join(cluster.bin, "pgbench"), [...connection(), "-i", "-q", "-s", "2", "app"]);
  await fleet.addAgent("db-1", agentYaml(cluster.dataDirectory, cluster.port));
  await fleet.addAgent("spare-1", agentYaml(spareData, sparePort, { fast: spareFast }));
  const gate = { interval: "200ms", successes: 1, deadline: "60s" };
  const actions = { stop: "stop-db", start: "start-db" };
  await fleet.applyPlan({
    version: 1,
    name: "physical",
    timezone: "UTC",
    services: { orders: { tier: 1, host: "db-1", sources: { orders: {} }, probes: ["orders-answer"], gate, actions } },
  });
});

const connection = (port = cluster.port): string[] => ["-h", cluster.host, "-p", String(port), "-U", "postgres"];
const muster = (...args: string[]) => fleet().muster(...args);

/** pgbench, and a writer that numbers its commits; `stop` gives the number that the last of them had. */
async function load() {
  const bench: ChildProcess = spawn(join(cluster.bin, "pgbench"), [...connection(), "-c", "2", "-T", "300", "app"], {
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => bench.once("close", resolve));
  let stopped = false;
  let last = 0;
  const writer = (async () => {
    for (; !stopped; last += 1) await cluster.query(`INSERT INTO commits VALUES (${last + 1})`, "app");
  })();
  await waitFor("the first commits", () => last > 5);
  return {
    last: () => last,
    async stop() {
      stopped = true;
      await writer;
      bench.kill("SIGKILL");
      await ended;
    },
  };
}

async function query(port: number, sql: string): Promise<string> {
  const { stdout } = await run(join(cluster.bin, "psql"), [...connection(port), "-d", "app", "-XAtc", sql]);
  return stdout.trim();
}

/** Every commit up to some number, none after it; and pgbench's own books agree with each other. */
async function expectWhole(port: number, { from, to }: { from: number; to: number }): Promise<void> {
  const [count, highest] = (await query(port, "SELECT count(*), max(n) FROM commits")).split("|").map(Number);
  expect(count).toBe(highest);
  expect(highest).toBeGreaterThanOrEqual(from);
  expect(highest).toBeLessThanOrEqual(to);
  const books = "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)";
  expect(await query(port, books)).toBe("t");
  await run(join(cluster.bin, "pg_amcheck"), [...connection(port), "-d", "app", "--install-missing"]);
}

describe("a PostgreSQL cluster that is protected by physical backups", () => {
  let range: { from: number; to: number };

  it("is copied under load, and comes back in place with every commit up to the backup's end, and none after", async () => {
    const busy = await load();
    const from = busy.last();
    expectCode(await muster("backup", "--all", "--wait"));
    range = { from, to: busy.last() + 1 };
    await waitFor("commits after the backup", () => busy.last() > range.to + 5);
    await busy.stop();
    await cluster.query("DROP TABLE pgbench_accounts", "app");
    expectCode(await muster("recover", "--service", "orders", "--yes", "--watch"));
    await expectWhole(cluster.port, range);
    const kept = (await readdir(cluster.home)).filter((name) => name.startsWith("data.muster-aside"));
    expect(kept).toHaveLength(1);
  });

  it("comes up on another host, in another directory and with its tablespace elsewhere", async () => {
    expectCode(await muster("recover", "--service", "orders", "--onto", "db-1=spare-1", "--yes", "--watch"));
    await expectWhole(sparePort, range);
    expect(existsSync(join(spareFast, "PG_15_202209061"))).toBe(true);
  });

  it("comes back with the repository, its key and an agent.yaml alone", async () => {
    const { at, controlPlane, repository, folder } = fleet();
    await run(script(), [spareData, "kill"]);
    const target = join(cluster.home, "glass");
    const file = at("glass.yaml");
    await mkdir(at("glass"), { recursive: true });
    const yaml = { data: at("glass"), ...agentYaml(`${target}/data`, sparePort, { fast: `${target}/fast` }) };
    await writeFile(file, JSON.stringify(yaml));
    const key = join(controlPlane.data, "keys", "main.key");
    const options = ["--repository", `file://${repository}`, "--key-file", key, "--service", "orders", "--onto", file];
    const program = startProgram("break-glass", [launchers.agent, "restore", ...options], {
      directory: folder,
      environment: {},
    });
    expect({ code: await program.ended(), said: program.output() }).toMatchObject({ code: 0 });
    await run(script(), [`${target}/data`, "start", String(sparePort)]);
    try {
      await waitFor("the promotion", async () => (await query(sparePort, "SELECT pg_is_in_recovery()")) === "f");
      await expectWhole(sparePort, range);
    } finally {
      await run(script(), [`${target}/data`, "kill"]);
    }
  });
});
