import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { PointWriter } from "@muster/repository";
import type { Facts, PointsBefore, SourceContext } from "../../source.ts";
import { type ClusterFacts, clockOffset, readClusterFacts } from "../cluster-facts.ts";
import type { Cluster } from "../config.ts";
import { type Client, withClient } from "../connection.ts";
import { identityWarnings } from "../identity.ts";
import { addWal } from "./add-wal.ts";
import { type BackupEnd, holdWal, startBackup } from "./backup-mode.ts";
import { type ControlFile, controlPath, readControlFile } from "./control-file.ts";
import { addBytes, type CopyReport, copyFiles, metaOf } from "./copy-files.ts";
import { awaitEnd, awaitStart, isStandby, primaryControlFile } from "./from-standby.ts";
import { listFiles } from "./list-files.ts";
import { formatLsn } from "./lsn.ts";
import type { PhysicalFacts } from "./point-facts.ts";
import { reuseOf } from "./reuse.ts";
import { requireSameCluster, requireSameTimeline, requireStarted } from "./same-cluster.ts";
import { findTablespaces, namedTablespaces, versionDirectory } from "./tablespaces.ts";

interface Backup {
  readonly context: SourceContext;
  readonly writer: PointWriter;
  readonly dataDirectory: string;
  /** The server whose files are read; it is the primary too, or a standby of it. */
  readonly client: Client;
  readonly primary: Client;
  readonly server: ClusterFacts;
}

/**
 * Copies the data directory of a running server by the low-level backup API, with the WAL that it needs to become consistent. The
 * point's moment is that of the stop call: a restore comes up with all that was committed by then.
 */
export function backupDataDirectory(
  cluster: Cluster,
  dataDirectory: string,
  context: SourceContext,
  writer: PointWriter,
  before: PointsBefore = { systemIdentifier: "" },
): Promise<{ takenAt: number; facts: Facts }> {
  const { signal, clock, log } = context;
  return withClient(cluster, signal, async (client) => {
    // Who is there, and is this directory theirs?
    const server = await readClusterFacts(client);
    const offset = await clockOffset(client, clock.now);
    const warnings = await identityWarnings(cluster, context, server, before.systemIdentifier);
    for (const { message } of warnings) log.warn(message);
    requireSameCluster(await readControlFile(dataDirectory, signal), server.systemIdentifier, dataDirectory);

    return withPrimary(cluster, client, signal, async (primary) => {
      const backup = { context, writer, dataDirectory, client, primary, server };
      const startedAtServer = clock.now() + offset;
      const { facts, takenAt } = await copyCluster(backup);
      const more: Facts = warnings.length === 0 ? {} : { warnings: warnings.map((warning) => ({ ...warning })) };
      const times = { startedAtServer, stoppedAtServer: takenAt + offset, clockOffset: offset };
      return { takenAt, facts: { ...facts, ...times, ...more } };
    });
  });
}

/** The primary: the server itself, or the one that agent.yaml names when it is a standby. Throws `source-failed`, `wrong-target`. */
async function withPrimary<T>(
  cluster: Cluster,
  client: Client,
  signal: AbortSignal,
  work: (primary: Client) => Promise<T>,
): Promise<T> {
  if (!(await isStandby(client))) return work(client);
  const { primary } = cluster.config;
  if (primary === undefined) {
    throw new MusterError("source-failed", "the server is a standby, and agent.yaml does not name its primary", {
      retryable: false,
      hint: "Add primary: { host, port } to the source.",
    });
  }
  const { systemIdentifier } = await readClusterFacts(client);
  return withClient({ ...cluster, config: { ...cluster.config, ...primary } }, signal, async (there) => {
    const { systemIdentifier: found } = await readClusterFacts(there);
    if (found === systemIdentifier && !(await isStandby(there))) return work(there);
    throw new MusterError("wrong-target", `${primary.host}:${primary.port} is not the primary of this standby`);
  });
}

/** Start, copy, stop, and the WAL between; whatever fails closes the primary's connection, and that ends the backup there. */
async function copyCluster(backup: Backup): Promise<{ takenAt: number; facts: PhysicalFacts & Facts }> {
  const { context, writer, dataDirectory, client, primary, server } = backup;
  const mode = await startBackup(primary, server.major, `muster ${writer.id}`);
  const walNotHeld = client === primary ? mode.walNotHeld : await holdWal(client);
  if (walNotHeld !== undefined) context.log.warn(`no slot holds the WAL of this backup: ${walNotHeld}`);
  const { control, copied } = await copyBetween(backup, mode.startLsn, mode.requireAlive);
  const end = await mode.stop();
  const takenAt = context.clock.now();
  await addLabels(backup, end);

  // Without every segment from start to stop the copy would never become consistent: no manifest without them.
  const { walSegmentSize: segmentSize, timeline, systemIdentifier } = control;
  if (client !== primary) await awaitEnd(client, end.stopLsn, segmentSize, context.signal);
  const range = { timeline, start: mode.startLsn, stop: end.stopLsn, segmentSize, systemIdentifier };
  await addWal(writer, join(dataDirectory, "pg_wal"), range);
  return {
    takenAt,
    facts: {
      method: "physical",
      version: server.version,
      major: server.major,
      systemIdentifier,
      timeline,
      startLsn: formatLsn(mode.startLsn),
      stopLsn: formatLsn(end.stopLsn),
      walSegmentSize: segmentSize,
      checksums: control.checksums,
      standby: client !== primary,
      ...copied,
    },
  };
}

/** Copies what is there now, in the order of names, and pg_control last. What comes later is in the WAL. */
async function copyBetween(backup: Backup, startLsn: bigint, requireAlive: () => void) {
  const { context, writer, dataDirectory, client, primary, server } = backup;
  const control =
    client === primary
      ? await readControlFile(dataDirectory, context.signal)
      : await awaitStart(client, startLsn, dataDirectory, context.signal);
  requireStarted(control, startLsn, dataDirectory);
  const tablespaces = findTablespaces(dataDirectory);
  const version = versionDirectory(server.major, control.catalogVersion);
  const listing = listFiles(dataDirectory, tablespaces, version, context.signal);
  const reuse = reuseOf(writer.previous, { ...control, at: context.clock.now() });
  const report = await copyFiles(listing, { context, writer, control, startLsn, reuse: reuse.of, requireAlive });
  tellDamage(context, report);
  await addControlFile(backup, control);
  return {
    control,
    copied: {
      tablespaces: await namedTablespaces(client, tablespaces),
      pagesDamaged: report.damaged.map(({ path, pages }) => ({ path, pages: [...pages] })),
      fullReadAt: reuse.fullReadAt,
      filesUnchanged: report.unchanged,
      filesVanished: report.vanished,
    },
  };
}

function tellDamage({ log }: SourceContext, { damaged }: CopyReport): void {
  for (const { path, pages } of damaged) {
    log.warn(`${path}: wrong checksum in ${pages.length} pages, the first is number ${pages[0]}`);
  }
}

/** The last file. A standby's own says that it is one, so it comes from the primary. */
async function addControlFile(
  { context, writer, dataDirectory, client, primary }: Backup,
  first: ControlFile,
): Promise<void> {
  const own = client === primary;
  const { signal } = context;
  const last = await (own ? readControlFile(dataDirectory, signal) : primaryControlFile(primary, signal));
  requireSameTimeline(first, last);
  await addBytes(writer, controlPath, last.bytes, metaOf(await lstat(join(dataDirectory, controlPath))));
}

/** The files of the stop call, byte for byte. */
async function addLabels(
  { writer, dataDirectory, context }: Backup,
  { label, tablespaceMap }: BackupEnd,
): Promise<void> {
  const like = metaOf(await lstat(join(dataDirectory, "PG_VERSION")));
  const meta = { ...like, mtimeNs: BigInt(context.clock.now()) * 1_000_000n };
  await addBytes(writer, "backup_label", Buffer.from(label), meta);
  if (tablespaceMap !== "") await addBytes(writer, "tablespace_map", Buffer.from(tablespaceMap), meta);
}
