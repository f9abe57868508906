import { type Clock, MusterError, systemClock } from "@muster/core";
import type { DeletableStore, ObjectStore } from "@muster/object-store";
import { readRepositoryFile } from "../repository-file.ts";
import { jsonObject, type KeyFile, type KeyMethod } from "./key-file.ts";
import { keyFileKey, readKeyFiles, unlock } from "./key-files.ts";
import type { Unlock } from "./unlock.ts";
import { type KeyHolder, wrapKey } from "./wrap-key.ts";
import { publicText } from "./x25519.ts";

/** One way into a repository, without any secret. */
export interface KeyInfo {
  readonly id: string;
  /** `unknown`: of a later version. */
  readonly method: KeyMethod | "unknown";
  /** False when its file is damaged: it opens nothing. */
  readonly whole: boolean;
  /** By the store's time, in milliseconds since the Unix epoch. */
  readonly addedAt: number;
  readonly label?: string | undefined;
  /** The printed public key, or the ARN of the key service's key. */
  readonly holder?: string | undefined;
}

/** Every key file of a repository, the oldest first. Needs no secret. Throws `repository-missing`. */
export async function listKeys(store: ObjectStore): Promise<KeyInfo[]> {
  await readRepositoryFile(store);
  return (await readKeyFiles(store)).map(({ key, addedAt, file }) => {
    const id = key.slice("keys/".length, -".json".length);
    if (file === undefined) return { id, method: "unknown", whole: true, addedAt };
    if (file instanceof MusterError) return { id, method: "unknown", whole: false, addedAt };
    return { id, method: file.method, whole: true, addedAt, label: file.label, holder: holderOf(file) };
  });
}

function holderOf(file: KeyFile): string | undefined {
  if (file.method === "x25519") return publicText(Buffer.from(file.x25519.recipient, "base64url"));
  return file.method === "kms" ? file.kms.key : undefined;
}

/** The id of the key file that this opens. Throws as `openRepository` does. */
export async function whichKey(store: ObjectStore, given: Unlock): Promise<string> {
  return (await unlock(store, await readRepositoryFile(store), given)).keyId;
}

export interface AddKeyOptions {
  readonly label?: string | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Adds a way into a repository that `given` opens: a new file, durable on return; the others stay as they are. Gives its id.
 * Throws as `openRepository` and `wrapKey` do.
 */
export async function addKey(
  store: ObjectStore,
  given: Unlock,
  holder: KeyHolder,
  { label, clock = systemClock }: AddKeyOptions = {},
): Promise<string> {
  const repository = await readRepositoryFile(store);
  const { masterKey } = await unlock(store, repository, given);
  const file = await wrapKey(masterKey, repository.id, holder, { clock, label });
  await store.put(keyFileKey(file.id), jsonObject(file));
  return file.id;
}

/**
 * Takes a way in away, after `given` has opened the repository by another one just now: so the last key that works is never
 * removed. Throws `not-found`, `conflict` when nothing else is proven to work, and what the store throws when it may not delete.
 */
export async function removeKey(store: DeletableStore, id: string, given: Unlock): Promise<void> {
  const repository = await readRepositoryFile(store);
  const stored = await readKeyFiles(store);
  if (!stored.some(({ key }) => key === keyFileKey(id))) {
    throw new MusterError("not-found", `the repository has no key ${id}`, {
      hint: "List them with: muster repository keys list",
    });
  }
  try {
    await unlock(store, repository, given, id);
  } catch (cause) {
    if (!(cause instanceof MusterError) || !/^repository-(key-wrong|corrupt)$/.test(cause.code)) throw cause;
    throw new MusterError("conflict", `the key ${id} stays: no other key was shown to open the repository`, {
      cause,
      hint: "Open it with another key, or add one first.",
    });
  }
  await store.delete(keyFileKey(id));
}
