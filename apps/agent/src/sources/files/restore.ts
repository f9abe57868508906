import { lstat, mkdir, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { PointReader } from "@muster/repository";
import { type AsideNote, readNote, refuseFinished, shortId, writeNote } from "../aside-note.ts";
import { exists, removeTree, writingAt } from "../disk.ts";
import { refuseOnErrors } from "../findings.ts";
import type { RestoreOutcome, RestoreRequest, SourceContext } from "../source.ts";
import { carryOver } from "./carry-over.ts";
import { checkFilesRestore } from "./check.ts";
import { type FilesConfig, rootsOf } from "./config.ts";
import { ownNames } from "./filter.ts";
import { placeOf } from "./place.ts";
import { type RootNote, switchIn } from "./switch.ts";
import { type WrittenTree, writeTree } from "./write-tree.ts";

export interface RestoreDetail {
  readonly roots: readonly RootNote[];
}

type Note = AsideNote<RestoreDetail>;

/**
 * Stages every root on its own disk, durable, then switches all of them by renames, and brings back from aside what the
 * source does not cover. The note is `switching` from the moment that all is staged: a repeat then only goes on renaming.
 */
export async function restoreFiles(
  config: FilesConfig,
  context: SourceContext,
  reader: PointReader,
  request: RestoreRequest,
): Promise<RestoreOutcome> {
  const previous = await readNote<RestoreDetail>(context, request.asideId);
  refuseFinished(previous);
  if (previous?.phase === "restored") return outcome(previous, { bytes: 0, items: 0 }, 0);

  let note = previous;
  let written = { bytes: 0, items: 0 };
  if (note?.phase !== "switching") {
    refuseOnErrors(await checkFilesRestore(config, request));
    ({ note, written } = await stage(config, context, reader, request));
  }
  context.progress(written.bytes, written.bytes, "bytes", "switching");
  for (const root of note.detail.roots) await switchIn(root);
  context.progress(written.bytes, written.bytes, "bytes", "bringing back what the source leaves out");
  let carried = 0;
  for (const { aside, root } of note.detail.roots) carried += await carryOver(config, aside, root, context.signal);
  return outcome(await writeNote(context, { ...note, phase: "restored" }), written, carried);
}

async function stage(
  config: FilesConfig,
  context: SourceContext,
  reader: PointReader,
  { asideId, point }: RestoreRequest,
): Promise<{ note: Note; written: WrittenTree }> {
  const id = shortId(asideId);
  const roots = await Promise.all(rootsOf(config).map((root) => rootNote(root, id)));
  const note = await writeNote(context, { asideId, phase: "staging", detail: { roots } });
  let bytes = 0;
  let items = 0;
  for (const [index, { staging }] of roots.entries()) {
    await removeTree(staging); // of an attempt that was cut off
    await mkdir(dirname(staging), { recursive: true });
    const onBytes = (count: number): void => {
      bytes += count;
      context.progress(bytes, point.logicalBytes, "bytes", "staging");
    };
    const tree = await writingAt(staging, () => writeTree(reader, index, staging, context.signal, onBytes));
    items += tree.items;
  }
  return { note: await writeNote(context, { ...note, phase: "switching" }), written: { bytes, items } };
}

async function rootNote(root: string, id: string): Promise<RootNote> {
  const place = await placeOf(root, id);
  const existed = await exists(root);
  const listed = existed && (await lstat(root)).isDirectory() ? await readdir(root) : [];
  return { ...place, existed, oldNames: place.how === "entries" ? listed.filter((name) => !ownNames.test(name)) : [] };
}

function outcome({ detail }: Note, { bytes, items }: WrittenTree, carried: number): RestoreOutcome {
  const kept = detail.roots.filter(({ existed }) => existed);
  const carriedNote = carried === 0 ? [] : [`${carried} paths that the source leaves out were kept as they are`];
  return {
    bytes,
    items,
    movedAside: kept.length > 0,
    notes: [...kept.map(({ root, aside }) => `the old ${root} is kept as ${aside}`), ...carriedNote],
    facts: { roots: detail.roots.map(({ root }) => root) },
  };
}
