import { openDeletableFileStore } from "@muster/object-store";
import { domainContext } from "../context.ts";
import { readIndex, writeIndex } from "../index/index-object.ts";
import type { DomainGrant } from "../types.ts";

/** Puts one index in the place of all in a domain, as a sweep does with many, so that a later one has something to merge. */
export async function mergeAllIndexes(path: string, { repositoryId, domain, key }: DomainGrant): Promise<void> {
  const store = await openDeletableFileStore(path);
  const context = domainContext(store, repositoryId, domain, Buffer.from(key, "base64url"));
  const folder = `${context.prefix}index/`;
  const ids: string[] = [];
  for await (const { key: name } of store.list(folder)) ids.push(name.slice(folder.length));
  const objects = await Promise.all(ids.map((id) => readIndex(context, id)));
  await writeIndex(context, { supersedes: ids, packs: objects.flatMap(({ packs }) => packs) }, undefined);
  for (const id of ids) await store.delete(folder + id);
}
