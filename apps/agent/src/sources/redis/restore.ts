import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PointReader } from "@muster/repository";
import {
  type AsideNote,
  noteToAccept,
  noteToRollBack,
  readNote,
  refuseFinished,
  shortId,
  writeNote,
} from "../aside-note.ts";
import { durableRename, exists, removeTree, syncPath, writingAt } from "../disk.ts";
import { checked, refuseOnErrors, spaceFindings } from "../findings.ts";
import type { RestoreFinding, RestoreOutcome, RestoreRequest, SourceContext } from "../source.ts";
import type { Server } from "./config.ts";
import { ensureDirectory, namesToReplace, stageSnapshot } from "./stage.ts";
import { asidePath, requireStopped, restoreTarget, stagingPath, type Target } from "./target.ts";

interface RestoreDetail {
  readonly id: string;
  readonly directory: string;
  /** What is replaced, in order. */
  readonly names: readonly string[];
  /** Those of them that were there before. */
  readonly moved: readonly string[];
}

/** Every reason why a restore would fail. Touches nothing. */
export async function checkServerRestore(
  server: Server,
  _context: SourceContext,
  { point }: RestoreRequest,
): Promise<RestoreFinding[]> {
  return [
    ...(await checked(() => requireStopped(server).then(() => []))),
    ...(await checked(async () => {
      const { directory } = restoreTarget(server, point);
      return spaceFindings(directory, point.logicalBytes, "the snapshot beside the data kept aside");
    })),
  ];
}

/**
 * Stages the new files in the data directory, then for each name moves the old file aside and the new one in. The note is
 * `switching` from the moment that staging is complete: a repeat then only moves what is still to be moved.
 */
export async function restoreServer(
  server: Server,
  context: SourceContext,
  reader: PointReader,
  request: RestoreRequest,
): Promise<RestoreOutcome> {
  const target = restoreTarget(server, request.point);
  const previous = await readNote<RestoreDetail>(context, request.asideId);
  refuseFinished(previous);
  if (previous?.phase === "restored") return outcome(previous, 0);
  refuseOnErrors(await checkServerRestore(server, context, request));

  let note = previous;
  let bytes = 0;
  if (note?.phase !== "switching") ({ note, bytes } = await stage(server, target, context, reader, request.asideId));
  context.progress(bytes, bytes, "bytes", "switching");
  await switchIn(note.detail, context);
  return outcome(await writeNote(context, { ...note, phase: "restored" }), bytes);
}

async function stage(
  server: Server,
  target: Target,
  context: SourceContext,
  reader: PointReader,
  asideId: string,
): Promise<{ note: AsideNote<RestoreDetail>; bytes: number }> {
  const id = shortId(asideId);
  await ensureDirectory(target);
  const names = await namesToReplace(target);
  const detail: RestoreDetail = { id, directory: target.directory, names, moved: await present(target, names) };
  await writeNote(context, { asideId, phase: "staging", detail });
  const staging = stagingPath(target, id);
  const bytes = await writingAt(staging, () => stageSnapshot(server, target, names, staging, reader, context));
  return { note: await writeNote(context, { asideId, phase: "switching", detail }), bytes };
}

async function present({ directory }: Target, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await exists(join(directory, name))) found.push(name);
  return found;
}

/** A name that is still in staging was not switched yet; one that is not, was. */
async function switchIn(detail: RestoreDetail, context: SourceContext): Promise<void> {
  const staging = stagingPath(detail, detail.id);
  const aside = asidePath(detail, detail.id);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  for (const name of detail.names) {
    if (!(await exists(join(staging, name)))) continue;
    const live = join(detail.directory, name);
    if (await exists(live)) await durableRename(live, await freeName(join(aside, name)));
    await durableRename(join(staging, name), live);
    context.progress(0, 0, "items", `replaced ${name}`);
  }
  await removeTree(staging);
  await syncPath(detail.directory);
}

/** What a server started in the middle of a switch left is kept too, beside the original. */
async function freeName(path: string): Promise<string> {
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? path : `${path}.started-meanwhile-${number}`;
    if (!(await exists(candidate))) return candidate;
  }
}

/** Removes what lies aside. */
export async function acceptRestore(context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToAccept<RestoreDetail>(context, asideId);
  if (note === undefined) return [];
  const aside = asidePath(note.detail, note.detail.id);
  await removeTree(aside);
  await writeNote(context, { ...note, phase: "accepted" });
  return [`removed ${aside}`];
}

/** Puts the old files back; the restored ones are removed once the old ones are in place. */
export async function rollBackRestore(server: Server, context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToRollBack<RestoreDetail>(context, asideId);
  if (note === undefined) return [];
  const { detail } = note;
  if (note.phase !== "staging") {
    await requireStopped(server);
    await switchOut(detail);
  }
  await removeTree(stagingPath(detail, detail.id));
  await removeTree(asidePath(detail, detail.id));
  await writeNote(context, { ...note, phase: "rolled-back" });
  return detail.moved.map((name) => `put ${join(detail.directory, name)} back`);
}

/**
 * The reverse, safe to repeat: an original that is still aside has not been put back, and whatever has its name now is the
 * restored one. Where nothing was before, what has the name is the restored one if it left staging.
 */
async function switchOut(detail: RestoreDetail): Promise<void> {
  const aside = asidePath(detail, detail.id);
  const staging = stagingPath(detail, detail.id);
  for (const name of [...detail.names].reverse()) {
    const live = join(detail.directory, name);
    const old = join(aside, name);
    const hadOne = detail.moved.includes(name);
    if (hadOne ? await exists(old) : !(await exists(join(staging, name)))) await removeTree(live);
    if (hadOne && (await exists(old))) await durableRename(old, live);
  }
}

function outcome({ detail }: AsideNote<RestoreDetail>, bytes: number): RestoreOutcome {
  return {
    bytes,
    items: detail.names.length,
    movedAside: detail.moved.length > 0,
    notes: detail.moved.map((name) => `the old ${name} is kept in ${asidePath(detail, detail.id)}`),
    facts: { directory: detail.directory, replaced: detail.names },
  };
}
