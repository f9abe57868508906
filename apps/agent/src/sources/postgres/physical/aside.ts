import { noteToAccept, noteToRollBack, writeNote } from "../../aside-note.ts";
import { removeTree } from "../../disk.ts";
import { hasBegun, switchOut } from "../../files/switch.ts";
import type { SourceContext } from "../../source.ts";
import type { PhysicalConfig } from "./physical-config.ts";
import { requireStopped } from "./postmaster.ts";
import type { RestorePlaces } from "./restore-places.ts";

/** Removes the data directory and tablespaces that a restore moved aside. */
export async function acceptDataDirectory(context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToAccept<RestorePlaces>(context, asideId);
  if (note === undefined) return [];
  const roots = rootsOf(note.detail);
  for (const { aside } of roots) await removeTree(aside);
  await writeNote(context, { ...note, phase: "accepted" });
  return roots.filter(({ existed }) => existed).map(({ aside }) => `removed ${aside}`);
}

/** Puts the old data directory and tablespaces back, and removes the restored ones. Throws `source-running`. */
export async function rollBackDataDirectory(
  { dataDirectory }: PhysicalConfig,
  context: SourceContext,
  asideId: string,
): Promise<string[]> {
  const note = await noteToRollBack<RestorePlaces>(context, asideId);
  if (note === undefined) return [];
  const switched = note.phase !== "staging";
  if (switched) await requireStopped(dataDirectory);
  for (const root of rootsOf(note.detail)) {
    if (switched && (await hasBegun(root))) await switchOut(root);
    await removeTree(root.staging);
    await removeTree(root.aside);
  }
  await writeNote(context, { ...note, phase: "rolled-back" });
  return rootsOf(note.detail).map(({ root, existed }) => (existed ? `put ${root} back` : `removed ${root}`));
}

function rootsOf({ data, tablespaces }: RestorePlaces) {
  return [data, ...tablespaces];
}
