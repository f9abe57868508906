import { mkdtempSync, rmSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "@muster/agent/testing";
import { measureArchive, measureFetch } from "./wal/commands.ts";
import { measureStreaming } from "./wal/streaming.ts";

/*
 * Continuous protection of PostgreSQL's WAL: from flushed on the server to durable in a repository on this disk while pgbench writes, what that
 * costs pgbench, and the commands that PostgreSQL calls for each segment, next to pgBackRest where it is installed.
 */
const scratch = mkdtempSync(join(tmpdir(), "muster-bench-wal-"));
try {
  await chmod(scratch, 0o755);
  await using server = await startCluster({ settings: { fsync: "on", max_wal_size: "4GB" } });
  await measureStreaming(server, scratch);
  await measureArchive(server, scratch);
  await measureFetch(server, scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
