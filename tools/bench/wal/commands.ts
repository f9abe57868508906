import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { openHandover, serveArchive, servePrefetch, type TestCluster, writeCommand } from "@muster/agent/testing";
import { createLogger } from "@muster/core";
import { createFileStore } from "@muster/object-store";
import { initRepository, type SourceLog } from "@muster/repository";
import { hasPgBackRest, pgBackRest } from "./pgbackrest.ts";
import { say } from "./report.ts";
import { count, makeSegments } from "./segments.ts";

const run = promisify(execFile);
const logger = createLogger("bench", "warn");
let log: SourceLog | undefined;
let names: string[] = [];

/** A burst of segments by archive_command, each called behind the other as PostgreSQL does. */
export async function measureArchive(server: TestCluster, scratch: string): Promise<void> {
  const wal = join(server.dataDirectory, "pg_wal");
  names = await makeSegments(server);
  await markReady(server);
  log = await newLog(server, join(scratch, "archived"));
  const handover = await openHandover(join(scratch, "archive"));
  const command = await writeCommand(handover.directory, "archive");
  const stop = new AbortController();
  const served = serveArchive({ log, handover, logger }, stop.signal);
  const milliseconds = await timed(async () => {
    for (const name of names) {
      await run("/bin/sh", ["-c", `${command} ${join(wal, name)} ${name}`]);
      await rm(join(wal, "archive_status", `${name}.ready`));
    }
  });
  stop.abort();
  await served;
  say(`archive_command, burst of ${count}: ${(milliseconds / count).toFixed(1)} ms per segment`);
  if (!(await hasPgBackRest())) return say("pgBackRest is not installed");
  const peer = await pgBackRest(server, scratch);
  await markReady(server);
  const theirs = await timed(async () => {
    for (const name of names) {
      await peer.push(join(wal, name));
      await rm(join(wal, "archive_status", `${name}.ready`));
    }
  });
  say(
    `  pgBackRest archive-push, asynchronous: ${(theirs / count).toFixed(1)} ms; ratio ${(milliseconds / theirs).toFixed(2)}`,
  );
}

/** The same segments by restore_command, one behind the other with nothing between: replay would take longer. */
export async function measureFetch(server: TestCluster, scratch: string): Promise<void> {
  if (log === undefined) return;
  const handover = await openHandover(join(scratch, "restore"));
  const command = await writeCommand(handover.directory, "restore");
  const stop = new AbortController();
  const served = servePrefetch({ log, listing: await log.list(), handover, logger }, stop.signal);
  const target = join(scratch, "RECOVERYXLOG");
  const milliseconds = await timed(async () => {
    for (const name of names) await run("/bin/sh", ["-c", `${command} ${name} ${target}`]);
  });
  stop.abort();
  await served;
  say(`restore_command, ${count} segments: ${(milliseconds / count).toFixed(1)} ms per segment`);
  if (!(await hasPgBackRest())) return;
  const peer = await pgBackRest(server, scratch);
  const folder = join(scratch, "fetched");
  await mkdir(folder);
  await run("chown", ["--reference", server.dataDirectory, folder]);
  const theirs = await timed(async () => {
    for (const name of names) await peer.get(name, join(folder, "RECOVERYXLOG"));
  });
  say(
    `  pgBackRest archive-get, asynchronous: ${(theirs / count).toFixed(1)} ms; ratio ${(milliseconds / theirs).toFixed(2)}`,
  );
  const left = await readdir(folder);
  if (left.length !== 1) throw new Error(`pgBackRest left ${left.join(", ")}`);
}

/** As PostgreSQL marks what its archiver is to take. */
async function markReady({ dataDirectory }: TestCluster): Promise<void> {
  const folder = join(dataDirectory, "pg_wal", "archive_status");
  for (const name of names) await writeFile(join(folder, `${name}.ready`), "");
  await run("chown", ["-R", "--reference", dataDirectory, folder]);
}

async function newLog(server: TestCluster, place: string): Promise<SourceLog> {
  const [row] = await server.query("SELECT system_identifier::text AS id FROM pg_control_system()");
  const repository = await initRepository(await createFileStore(place), { passphrase: "bench" });
  const properties = { kind: "wal", segmentSize: 16 * 2 ** 20, pageSize: 8192 };
  return repository.domain("bench").writeLog({ source: "main", identity: String(row?.id), properties });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
