import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@muster/core";
import { waitFor } from "@muster/core/testing";
import { createStore } from "@muster/object-store";
import { create, type LogStatus, ScheduleSchema } from "@muster/protocol/grpc";
import { initRepository } from "@muster/repository";
import { expect, test } from "vitest";
import { dataDirectory } from "../data/directory.ts";
import { postgresConfigSchema } from "../sources/postgres/config.ts";
import { startPostgres } from "../testing/index.ts";
import { walKeeper } from "./wal-keeper.ts";

test("the WAL of a source is protected by a process of its own, which is started again when it is killed", {
  timeout: 120_000,
}, async () => {
  await using server = await startPostgres();
  const home = await mkdtemp(join(tmpdir(), "muster-wal-keeper-"));
  const url = join(home, "repository");
  const repository = await initRepository(await createStore(url), { passphrase: "test" });
  const { repositoryId, key } = repository.grant("orders");
  const grant = { repository: "main", url, repositoryId, domain: "orders", domainKey: key };
  const schedule = create(ScheduleSchema, {
    backups: [{ backup: { service: "orders", source: "db", repository: grant } }],
  });
  const { host, port, user, password } = server;
  const config = postgresConfigSchema.parse({
    type: "postgres",
    host,
    port,
    user,
    wal: "stream",
    method: "physical",
    dataDirectory: server.dataDirectory,
    walFlushEvery: "100ms",
  });
  const loaded = {
    config: { sources: { db: config }, repositories: {} },
    secrets: new Map([["sources.db", { password }]]),
  };
  const stop = new AbortController();
  const keeper = walKeeper({
    loaded,
    directory: dataDirectory(join(home, "agent")),
    log: createLogger("keeper", "fatal"),
    schedule,
  });
  const ended = keeper.run(stop.signal);
  const streaming = (): LogStatus | undefined => keeper.status().find(({ state }) => state === "streaming");
  try {
    await waitFor("streaming", () => streaming() !== undefined, { timeout: 30_000 });
    await server.query("CREATE TABLE t (n int)");
    const before = streaming()?.durable ?? "";
    await waitFor("more WAL to be durable", () => (streaming()?.durable ?? before) > before, { timeout: 30_000 });
    expect(Number(streaming()?.lagBytes)).toBeGreaterThanOrEqual(0);
    expect(streaming()?.slotState).toBe("reserved");

    const [walsender] = await server.query("SELECT client_port AS port FROM pg_stat_replication");
    process.kill(await ownerOf(Number(walsender?.port)), "SIGKILL");
    await server.query("INSERT INTO t SELECT generate_series(1, 1000)");
    const [row] = await server.query("SELECT pg_current_wal_flush_lsn()::text AS lsn");
    await waitFor("what was written meanwhile", () => (streaming()?.durable ?? "") >= String(row?.lsn), {
      timeout: 60_000,
    });
  } finally {
    stop.abort();
    await ended;
    await rm(home, { recursive: true, force: true });
  }
});

/** The process of this test's that has a connection from that port. */
async function ownerOf(port: number): Promise<number> {
  const table = await readFile("/proc/net/tcp", "utf8");
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const inode = table
    .split("\n")
    .find((line) => line.trim().split(/\s+/)[1]?.endsWith(`:${hex}`))
    ?.trim()
    .split(/\s+/)[9];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
      if (target === `socket:[${inode}]`) return Number(pid);
    }
  }
  throw new Error(`no process has the connection from port ${port}`);
}
