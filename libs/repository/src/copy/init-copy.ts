import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { readRepositoryFile, repositoryKey } from "../repository-file.ts";

const keysFolder = "keys/";

/**
 * Makes an empty store a copy of a repository: it gets the same id and the same wrapped keys, so that packs mean the same in both. Where it
 * is a copy already, it gets the keys that it lacks. Returns the id. Throws `repository-missing`, and `repository-exists` when
 * another repository is there.
 */
export async function initCopy(from: ObjectStore, to: ObjectStore): Promise<string> {
  const { id } = await readRepositoryFile(from);
  const there = (await to.head(repositoryKey)) !== undefined;
  if (there) await requireCopy(id, to);
  for await (const { key } of from.list(keysFolder)) {
    if ((await to.head(key)) === undefined) await putOnce(to, key, await from.get(key));
  }
  if (!there) await putOnce(to, repositoryKey, await from.get(repositoryKey)); // last: without it there is no repository
  await requireCopy(id, to);
  return id;
}

/** Throws `repository-exists` unless the store holds a copy of the repository of that id. */
async function requireCopy(id: string, store: ObjectStore): Promise<void> {
  const found = await readRepositoryFile(store);
  if (found.id === id) return;
  throw new MusterError("repository-exists", `${store.description} holds repository ${found.id}, no copy of ${id}`, {
    hint: "A copy begins in an empty place.",
  });
}

/** What another process put there meanwhile is as good. */
export async function putOnce(store: ObjectStore, key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  try {
    await store.put(key, bytes, { signal });
  } catch (thrown) {
    if (!(thrown instanceof MusterError) || thrown.code !== "object-exists") throw thrown;
  }
}
