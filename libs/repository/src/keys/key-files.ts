import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import type { RepositoryFile } from "../repository-file.ts";
import { isMasterKey } from "./key-check.ts";
import { type KeyFile, parseKeyFile } from "./key-file.ts";
import { describeUnlock, type Unlock, unwrapKey } from "./unlock.ts";

const folder = "keys/";

/** The key of the object that holds a wrapped master key. */
export function keyFileKey(id: string): string {
  return `${folder}${id}.json`;
}

/** A key file that is there; `file` is an error when it is damaged, and undefined when this version does not know its method. */
export interface StoredKeyFile {
  readonly key: string;
  /** By the store's time, in milliseconds. */
  readonly addedAt: number;
  readonly file: KeyFile | MusterError | undefined;
}

/** All key files, the oldest first: what somebody piles up later does not come before the repository's own. */
export async function readKeyFiles(store: ObjectStore): Promise<StoredKeyFile[]> {
  const found: { key: string; modified: number }[] = [];
  for await (const { key, modified } of store.list(folder)) found.push({ key, modified });
  found.sort((a, b) => a.modified - b.modified || (a.key < b.key ? -1 : 1));
  return Promise.all(
    found.map(async ({ key, modified }) => ({ key, addedAt: modified, file: await readOne(store, key) })),
  );
}

async function readOne(store: ObjectStore, key: string): Promise<StoredKeyFile["file"]> {
  try {
    return parseKeyFile(await store.get(key), key);
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "repository-corrupt") return thrown;
    throw thrown;
  }
}

export interface Unlocked {
  readonly masterKey: Buffer;
  /** The id of the key file that was opened. */
  readonly keyId: string;
}

/**
 * Opens the first key file that fits; `except` is left out. Throws `repository-key-wrong` when none does, `repository-corrupt` when
 * there is none to try, and what the key service throws when another answer of it could have opened one.
 */
export async function unlock(
  store: ObjectStore,
  repository: RepositoryFile,
  given: Unlock,
  except?: string,
): Promise<Unlocked> {
  let failure: MusterError | undefined;
  let tried = 0;
  for (const { key, file } of await readKeyFiles(store)) {
    if (file === undefined || key === (except === undefined ? "" : keyFileKey(except))) continue;
    if (file instanceof MusterError) failure ??= file;
    else if (file.repositoryId === repository.id) {
      tried += 1;
      const opened = await attempt(store, repository, file, given);
      if (opened instanceof MusterError) failure = opened;
      else if (opened !== undefined) return { masterKey: opened, keyId: file.id };
    }
  }
  if (tried === 0) throw failure ?? new MusterError("repository-corrupt", `${store.description} has no key`);
  if (failure?.code.startsWith("key-service-")) throw failure;
  const what = `${describeUnlock(given)} does not open the repository in ${store.description}`;
  throw new MusterError("repository-key-wrong", what, { cause: failure });
}

/** Failures that do not speak for the other key files are handed back; the others are thrown. */
async function attempt(
  store: ObjectStore,
  repository: RepositoryFile,
  file: KeyFile,
  given: Unlock,
): Promise<Buffer | MusterError | undefined> {
  try {
    const masterKey = await unwrapKey(file, given);
    if (masterKey === undefined || !(await isMasterKey(store, repository, masterKey))) return undefined;
    return masterKey;
  } catch (thrown) {
    const known = thrown instanceof MusterError && /^(repository-corrupt|key-service-.*)$/.test(thrown.code);
    if (known) return thrown;
    throw thrown;
  }
}
