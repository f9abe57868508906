import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatSize, MusterError } from "@muster/core";
import type { PointReader } from "@muster/repository";
import { type AsideNote, readNote, refuseFinished, writeNote } from "../../aside-note.ts";
import { exists, removeTree, writingAt } from "../../disk.ts";
import { switchIn } from "../../files/switch.ts";
import { refuseOnErrors } from "../../findings.ts";
import { runTool } from "../../process.ts";
import type { RestoreOutcome, RestoreRequest, SourceContext } from "../../source.ts";
import { checkPhysicalRestore } from "./check.ts";
import { controlPath, readControlFile } from "./control-file.ts";
import { dataEntry } from "./copy-files.ts";
import type { PhysicalConfig } from "./physical-config.ts";
import { type PhysicalFacts, physicalFacts } from "./point-facts.ts";
import { requireStopped } from "./postmaster.ts";
import { type RestorePlaces, restorePlaces } from "./restore-places.ts";
import { type Owner, type WrittenDirectory, writeDataDirectory } from "./write-directory.ts";

type Note = AsideNote<RestorePlaces>;

/**
 * Stages the data directory and its tablespaces beside their places, durable, and switches them in by renames; what was there is kept aside. The
 * server is not started: its start brings the copy to consistency and promotes it onto a new timeline. Killed while staging, the old
 * directory is in place; while switching, a repeat goes on renaming.
 */
export async function restoreDataDirectory(
  config: PhysicalConfig,
  context: SourceContext,
  reader: PointReader,
  request: RestoreRequest,
): Promise<RestoreOutcome> {
  const point = requirePhysical(request);
  const previous = await readNote<RestorePlaces>(context, request.asideId);
  refuseFinished(previous);
  if (previous?.phase === "restored") return outcome(previous, point, { bytes: 0, items: 0, kept: 0 });

  let note = previous;
  let written: WrittenDirectory = { bytes: 0, items: 0, kept: 0 };
  if (note?.phase !== "switching") {
    refuseOnErrors(await checkPhysicalRestore(config, context, request));
    ({ note, written } = await stage(config, context, reader, request, point));
  }
  context.progress(written.bytes, written.bytes, "bytes", "switching");
  await requireStopped(config.dataDirectory);
  // Tablespaces first: a data directory in its place always finds them in theirs.
  for (const root of [...note.detail.tablespaces, note.detail.data]) {
    await switchIn(root);
    context.progress(written.bytes, written.bytes, "bytes", `switched ${root.root}`);
  }
  return outcome(await writeNote(context, { ...note, phase: "restored" }), point, written);
}

function requirePhysical({ point }: RestoreRequest): PhysicalFacts {
  const facts = physicalFacts(point.facts);
  if (facts !== undefined) return facts;
  throw new MusterError("wrong-target", "the point is a logical dump, and the source's method is physical", {
    hint: "Restore it into a source with method: logical.",
  });
}

async function stage(
  config: PhysicalConfig,
  context: SourceContext,
  reader: PointReader,
  { asideId, point: { logicalBytes } }: RestoreRequest,
  point: PhysicalFacts,
): Promise<{ note: Note; written: WrittenDirectory }> {
  const places = await restorePlaces(config, point, await versionDirectories(reader), asideId);
  const note = await writeNote<RestorePlaces>(context, { asideId, phase: "staging", detail: places });
  for (const { staging } of [places.data, ...places.tablespaces]) await removeTree(staging); // of an attempt that was cut off
  const owner = await ownerOf(config.dataDirectory, context.signal);
  const delta = config.delta === true && (await isSameCluster(config.dataDirectory, point, context.signal));
  const write = () => writeDataDirectory({ reader, places, owner, context, total: logicalBytes, delta });
  const written = await writingAt(places.data.staging, write);
  return { note: await writeNote(context, { ...note, phase: "switching" }), written };
}

/** Whether the directory that is there is of the point's cluster, so that most of it is what is to be restored. */
async function isSameCluster(
  dataDirectory: string,
  { systemIdentifier }: PhysicalFacts,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await exists(join(dataDirectory, controlPath)))) return false;
  // A pg_control that cannot be read is one more reason for a restore, not one against it: then nothing is taken from there.
  const control = await readControlFile(dataDirectory, signal).catch(() => undefined);
  return control?.systemIdentifier === systemIdentifier;
}

/** The directory in each tablespace that the point's files are in, by oid. */
async function versionDirectories(reader: PointReader): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { path, type } of reader.entries()) {
    const parts = path.split("/");
    if (type === "directory" && parts.length === 4 && parts[0] === dataEntry && parts[1] === "pg_tblspc") {
      found.set(parts[2] ?? "", parts[3] ?? "");
    }
  }
  return found;
}

/** Whoever owns the directory, or the nearest above it that is there; the user `postgres` where that is root; nobody else when not run as root. */
async function ownerOf(dataDirectory: string, signal: AbortSignal): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  let there = dataDirectory;
  while (!(await exists(there))) there = dirname(there);
  const { uid, gid } = await lstat(there);
  if (uid !== 0) return { uid, gid };
  const id = async (flag: string): Promise<number> =>
    Number((await runTool({ argv: ["id", flag, "postgres"], signal })).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

function outcome(note: Note, point: PhysicalFacts, { bytes, items, kept: same }: WrittenDirectory): RestoreOutcome {
  const kept = [note.detail.data, ...note.detail.tablespaces].filter(({ existed }) => existed);
  return {
    bytes,
    items,
    movedAside: kept.length > 0,
    notes: [
      ...kept.map(({ root, aside }) => `the old ${root} is kept as ${aside}`),
      ...(same === 0 ? [] : [`${formatSize(same)} of ${formatSize(bytes)} were the same in the old data directory`]),
      `start the server: it recovers to ${point.stopLsn} and goes on in a new timeline`,
    ],
    facts: {
      systemIdentifier: point.systemIdentifier,
      timeline: point.timeline,
      stopLsn: point.stopLsn,
      bytesKept: same,
    },
  };
}
