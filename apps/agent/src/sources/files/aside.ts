import { noteToAccept, noteToRollBack, writeNote } from "../aside-note.ts";
import { removeTree } from "../disk.ts";
import type { SourceContext } from "../source.ts";
import { carryOver } from "./carry-over.ts";
import type { FilesConfig } from "./config.ts";
import type { RestoreDetail } from "./restore.ts";
import { hasBegun, switchOut } from "./switch.ts";

/** Removes what lies aside. */
export async function acceptRestore(context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToAccept<RestoreDetail>(context, asideId);
  if (note === undefined) return [];
  for (const { aside } of note.detail.roots) await removeTree(aside);
  await writeNote(context, { ...note, phase: "accepted" });
  return note.detail.roots.filter(({ existed }) => existed).map(({ aside }) => `removed ${aside}`);
}

/** Puts the old trees back, with what the source leaves out, and removes the restored ones. */
export async function rollBackRestore(config: FilesConfig, context: SourceContext, asideId: string): Promise<string[]> {
  const note = await noteToRollBack<RestoreDetail>(context, asideId);
  if (note === undefined) return [];
  const { roots } = note.detail;
  for (const root of roots) {
    if (note.phase !== "staging" && (await hasBegun(root))) await switchOut(root);
    // What was carried into the restored tree, or written there since under an excluded path, lies in staging now.
    if (note.phase !== "staging") await carryOver(config, root.staging, root.root, context.signal);
    await removeTree(root.staging);
    await removeTree(root.aside);
  }
  await writeNote(context, { ...note, phase: "rolled-back" });
  return roots.map(({ root, existed }) => (existed ? `put ${root} back` : `removed ${root}`));
}
