import { openDeletableStore } from "@muster/object-store";
import { addKey, type KeyHolder, type KeyInfo, listKeys, removeKey, whichKey } from "@muster/repository";
import type { Actor, ControlPlane } from "../../context.ts";
import { audited, keyAccess } from "./access.ts";

export interface RepositoryKey extends KeyInfo {
  /** The one that this control plane opens the repository with. */
  readonly own: boolean;
}

/** The keys of a repository, the oldest first. Throws `not-found`, and what opening the repository throws. */
export async function listRepositoryKeys(cp: ControlPlane, name: string): Promise<RepositoryKey[]> {
  const { store, given } = await keyAccess(cp, name);
  const own = await whichKey(store, given);
  return (await listKeys(store)).map((key) => ({ ...key, own: key.id === own }));
}

/** Adds a way into a repository; gives its id. No secret is recorded. */
export async function addRepositoryKey(
  cp: ControlPlane,
  request: { readonly repository: string; readonly holder: KeyHolder; readonly label: string | undefined },
  by: Actor,
): Promise<string> {
  const { repository, holder, label } = request;
  const access = await keyAccess(cp, repository);
  const details = {
    ...("passphrase" in holder ? { method: "passphrase" } : holder),
    ...(label === undefined ? {} : { label }),
  };
  return audited(cp, { actor: by, action: "key.add", subject: repository, details }, () =>
    addKey(access.store, access.given, holder, { label, clock: cp.clock }),
  );
}

/** Takes a way in away; the control plane's own stays. Throws `conflict`, `not-found`, and what a store without the right to delete throws. */
export async function removeRepositoryKey(cp: ControlPlane, repository: string, id: string, by: Actor): Promise<void> {
  const { place, given } = await keyAccess(cp, repository);
  await audited(cp, { actor: by, action: "key.remove", subject: repository, details: { key: id } }, async () =>
    removeKey(await openDeletableStore(place.url, place), id, given),
  );
}
