import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import { writeDurably } from "./disk.ts";
import type { SourceContext } from "./source.ts";

/**
 * Where a restore stands. `staging`: the old data is untouched. `switching`: parts may be moved. `restored`: new in place,
 * old aside. `accepted` and `rolled-back` are final, and stay so that a repeat is answered.
 */
export type RestorePhase = "staging" | "switching" | "restored" | "accepted" | "rolled-back";

/** What a restore wrote down, durable, before it acted: enough for a repeat, an accept or a roll back. */
export interface AsideNote<Detail> {
  readonly asideId: string;
  readonly phase: RestorePhase;
  readonly detail: Detail;
}

type NoteContext = Pick<SourceContext, "stateDirectory">;

/** The note of a restore, or undefined when there never was one. */
export async function readNote<Detail>(context: NoteContext, asideId: string): Promise<AsideNote<Detail> | undefined> {
  try {
    // Only this source writes the file, with the same Detail.
    return JSON.parse(await readFile(notePath(context, asideId), "utf8")) as AsideNote<Detail>;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes the note durably; a crash leaves the one before or this one. */
export async function writeNote<Detail>(context: NoteContext, note: AsideNote<Detail>): Promise<AsideNote<Detail>> {
  await mkdir(context.stateDirectory, { recursive: true, mode: 0o700 });
  await writeDurably(notePath(context, note.asideId), JSON.stringify(note));
  return note;
}

/** Forgets a restore that has left nothing behind; a repeat begins anew. */
export async function dropNote(context: NoteContext, asideId: string): Promise<void> {
  await rm(notePath(context, asideId), { force: true });
}

/** The note that a roll back works on; undefined when it was rolled back already. Throws `aside-missing`. */
export async function noteToRollBack<Detail>(
  context: NoteContext,
  asideId: string,
): Promise<AsideNote<Detail> | undefined> {
  const note = await readNote<Detail>(context, asideId);
  if (note === undefined) throw new MusterError("aside-missing", `nothing was moved aside under "${asideId}"`);
  if (note.phase === "accepted") {
    throw new MusterError("aside-missing", `the restore "${asideId}" was accepted; what lay aside is gone`);
  }
  return note.phase === "rolled-back" ? undefined : note;
}

/** The note that an accept works on; undefined when there is nothing left to drop. Throws `conflict` on a half restore. */
export async function noteToAccept<Detail>(
  context: NoteContext,
  asideId: string,
): Promise<AsideNote<Detail> | undefined> {
  const note = await readNote<Detail>(context, asideId);
  if (note === undefined || note.phase === "accepted" || note.phase === "rolled-back") return undefined;
  if (note.phase !== "restored") {
    throw new MusterError("conflict", `the restore "${asideId}" did not finish; it cannot be accepted`, {
      hint: "Repeat the restore or roll it back.",
    });
  }
  return note;
}

/** Throws `conflict` when the id belongs to a restore that was accepted or rolled back. */
export function refuseFinished(note: AsideNote<unknown> | undefined): void {
  if (note?.phase !== "accepted" && note?.phase !== "rolled-back") return;
  throw new MusterError("conflict", `the restore "${note.asideId}" is ${note.phase} already`, {
    hint: "Start a new recovery.",
  });
}

/** A short name for an id, safe in file and database names: 40 bits in hex. */
export function shortId(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 10);
}

function notePath(context: NoteContext, asideId: string): string {
  return join(context.stateDirectory, `restore-${shortId(asideId)}.json`);
}
