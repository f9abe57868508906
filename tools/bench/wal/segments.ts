import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestCluster } from "@muster/agent/testing";

const run = promisify(execFile);

/** Segments that a benchmark takes: as many as PostgreSQL would ask for in a burst. */
export const count = 64;

/** Lets pgbench fill `count` segments, which the server keeps; their names in order. */
export async function makeSegments(server: TestCluster): Promise<string[]> {
  const wal = join(server.dataDirectory, "pg_wal");
  await server.query("ALTER SYSTEM SET wal_keep_size = '2GB'");
  await server.query("SELECT pg_reload_conf()");
  const [first] = await server.query("SELECT pg_walfile_name(pg_switch_wal() + 1) AS name");
  const args = ["-h", server.host, "-p", String(server.port), "-U", server.user, "-i", "-s", "20", "-q", "postgres"];
  for (;;) {
    const [current] = await server.query("SELECT pg_walfile_name(pg_current_wal_lsn()) AS name");
    const names = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
    const full = names.filter((name) => name > String(first?.name) && name < String(current?.name)).slice(0, count);
    if (full.length === count) return full;
    await run(join(server.bin, "pgbench"), args);
  }
}
