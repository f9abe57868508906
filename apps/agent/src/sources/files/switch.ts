import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { durableRename, exists, removeTree } from "../disk.ts";
import { ownNames } from "./filter.ts";
import type { Place } from "./place.ts";

/** One root in the note of a restore. */
export interface RootNote extends Place {
  /** Whether something stood there before. */
  readonly existed: boolean;
  /** The names that stood directly in the root before; used when entries are switched one by one. */
  readonly oldNames: readonly string[];
}

/** Moves the old data aside and the staged data in. A repeat continues where a crash left it. */
export async function switchIn(note: RootNote): Promise<void> {
  if (note.how === "whole") return switchWhole(note);
  await mkdir(note.aside, { recursive: true, mode: 0o700 });
  // First all old entries out, then all new ones in: what is aside already is never taken for new.
  for (const name of note.oldNames) await moveUnlessThere(join(note.root, name), join(note.aside, name));
  if (!(await exists(note.staging))) return;
  for (const name of await readdir(note.staging)) await durableRename(join(note.staging, name), join(note.root, name));
  await removeTree(note.staging);
}

async function switchWhole({ root, staging, aside, existed }: RootNote): Promise<void> {
  if (!(await exists(staging))) return; // moved in already
  if (existed) await moveUnlessThere(root, aside);
  await durableRename(staging, root);
}

async function moveUnlessThere(from: string, to: string): Promise<void> {
  if ((await exists(to)) || !(await exists(from))) return;
  await durableRename(from, to);
}

/** Whether the old data has begun to move. */
export async function hasBegun(note: RootNote): Promise<boolean> {
  return (await exists(note.aside)) || !(await exists(note.staging));
}

/** Puts the old data back; the restored data goes to staging first, which the caller removes in the end. */
export async function switchOut(note: RootNote): Promise<void> {
  if (note.how === "whole") return switchWholeOut(note);
  await mkdir(note.staging, { recursive: true, mode: 0o700 });
  for (const name of await readdir(note.root)) {
    const stillOld = note.oldNames.includes(name) && !(await exists(join(note.aside, name)));
    if (!ownNames.test(name) && !stillOld) await durableRename(join(note.root, name), join(note.staging, name));
  }
  for (const name of note.oldNames) await moveUnlessThere(join(note.aside, name), join(note.root, name));
}

async function switchWholeOut({ root, staging, aside, existed }: RootNote): Promise<void> {
  const restoredIsIn = !(await exists(staging)) && (!existed || (await exists(aside)));
  if (restoredIsIn && (await exists(root))) await durableRename(root, staging);
  if (await exists(aside)) await durableRename(aside, root);
}
