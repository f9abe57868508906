import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { asMusterError, MusterError, systemErrorCode } from "@muster/core";
import { openDeletableStore } from "@muster/object-store";
import { addKey, removeKey, type Unlock, unlockFromText, whichKey } from "@muster/repository";
import type { Actor, ControlPlane } from "../../context.ts";
import { makeKeyFile, readKeyFile } from "../key-file.ts";
import { audited, type KeyAccess, keyAccess } from "./access.ts";

export interface Rotated {
  /** The ids of the key that the control plane uses from now on, and of the one that it used. */
  readonly added: string;
  readonly old: string;
  /** False when the old one opens the repository still; `reason` says why. */
  readonly removed: boolean;
  readonly reason?: string | undefined;
}

/**
 * Gives the control plane a new passphrase for a repository. In this order, so that at every moment the key file that is in place opens
 * it: the new passphrase is written down, its key is added and tried, the file changes by a rename, and the old key goes last. A
 * rotation that was cut off is gone on with. The master key stays: see docs/repositories.md.
 */
export async function rotateOwnKey(
  cp: ControlPlane,
  { repository, keepOld }: { readonly repository: string; readonly keepOld: boolean },
  by: Actor,
): Promise<Rotated> {
  const access = await keyAccess(cp, repository);
  if (access.place.kmsKey !== undefined) {
    throw new MusterError(
      "conflict",
      `the key service opens the repository ${repository}; it rotates its key by itself`,
      {
        hint: "To change to another of its keys: add that one, name it as kmsKey, restart, then remove the old one.",
      },
    );
  }
  const old = await whichKey(access.store, access.given);
  const details = { old, keepOld };
  return audited(cp, { actor: by, action: "key.rotate", subject: repository, details }, async () => {
    const { added, given } = await addNext(access, cp.clock);
    const aside = await putInPlace(access.place.keyFile, old);
    if (keepOld) return { added, old, removed: false, reason: "it was to be kept" };
    return { added, old, ...(await removeOld(access, { old, aside, given })) };
  });
}

function nextOf(keyFile: string): string {
  return `${keyFile}.next`;
}

/** The new passphrase on disk, and a key for it that was shown to work. */
async function addNext({ place, store, given }: KeyAccess, clock: ControlPlane["clock"]) {
  const next = nextOf(place.keyFile);
  const passphrase = (await readKeyFile(next)) ?? (await makeKeyFile(next));
  const fresh = unlockFromText(passphrase);
  const there = await whichKey(store, fresh).catch((thrown: unknown) => {
    if (asMusterError(thrown).code !== "repository-key-wrong") throw thrown;
    return undefined; // a rotation that was cut off here has not added it
  });
  if (there === undefined) await addKey(store, given, { passphrase }, { label: "control plane", clock });
  return { added: there ?? (await whichKey(store, fresh)), given: fresh };
}

/** Puts the new key file in place; the old one keeps another name until its key is gone. */
async function putInPlace(keyFile: string, old: string): Promise<string> {
  const aside = `${keyFile}.${old}`;
  await link(keyFile, aside).catch((thrown: unknown) => {
    if (systemErrorCode(thrown) !== "EEXIST") throw thrown;
  });
  await rename(nextOf(keyFile), keyFile);
  await using directory = await open(dirname(keyFile), "r");
  await directory.sync();
  return aside;
}

async function removeOld(
  { place }: KeyAccess,
  { old, aside, given }: { readonly old: string; readonly aside: string; readonly given: Unlock },
): Promise<Pick<Rotated, "removed" | "reason">> {
  try {
    await removeKey(await openDeletableStore(place.url, place), old, given);
  } catch (thrown) {
    return { removed: false, reason: asMusterError(thrown).message };
  }
  await rm(aside, { force: true });
  return { removed: true };
}
