import { randomBytes, randomUUID } from "node:crypto";
import { type Clock, MusterError, systemClock } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { domainContext } from "./context.ts";
import { listDomains } from "./domain-key.ts";
import { encodeName } from "./encoding/name.ts";
import { parseKeyFile, unwrapKey, wrapKey } from "./encrypt/key-file.ts";
import { domainKeyOf } from "./encrypt/keys.ts";
import { domainOf } from "./open-domain.ts";
import {
  formatName,
  formatVersion,
  type RepositoryFile,
  readRepositoryFile,
  repositoryKey,
} from "./repository-file.ts";
import type { Repository } from "./types.ts";

/**
 * Makes a new repository in an empty store, with a new master key that the passphrase opens. Throws `repository-exists`
 * when one is there, and `usage` for an empty passphrase. `repository.json` is written last: without it there is none.
 */
export async function initRepository(
  store: ObjectStore,
  { passphrase, clock = systemClock }: { readonly passphrase: string; readonly clock?: Clock },
): Promise<Repository> {
  if (passphrase === "") throw new MusterError("usage", "the passphrase of a repository is empty");
  if ((await store.head(repositoryKey)) !== undefined) throw alreadyThere(store);
  const id = randomUUID();
  const file: RepositoryFile = { format: formatName, version: formatVersion, id, createdAt: clock.now() };
  const masterKey = randomBytes(32);
  const wrapped = await wrapKey(masterKey, id, passphrase);
  await store.put(`keys/${wrapped.id}.json`, json(wrapped));
  try {
    await store.put(repositoryKey, json(file));
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-exists") throw alreadyThere(store, thrown);
    throw thrown;
  }
  return repositoryOf(store, id, masterKey);
}

/**
 * Opens a repository with its passphrase. Throws `repository-missing`, `repository-key-wrong` when the passphrase opens
 * none of its keys, and `repository-corrupt` when there is none to try.
 */
export async function openRepository(
  store: ObjectStore,
  { passphrase }: { readonly passphrase: string },
): Promise<Repository> {
  const { id } = await readRepositoryFile(store);
  let damage: MusterError | undefined;
  let tried = 0;
  for await (const { key } of store.list("keys/")) {
    try {
      const file = parseKeyFile(await store.get(key), key);
      const masterKey = file?.repositoryId === id ? await unwrapKey(file, passphrase) : undefined;
      if (masterKey !== undefined) return repositoryOf(store, id, masterKey);
      tried += 1;
    } catch (thrown) {
      if (!(thrown instanceof MusterError) || thrown.code !== "repository-corrupt") throw thrown;
      damage = thrown; // another key may still be whole
    }
  }
  if (tried === 0) throw damage ?? new MusterError("repository-corrupt", `${store.description} has no key`);
  throw new MusterError("repository-key-wrong", `the passphrase does not open the repository in ${store.description}`, {
    cause: damage,
  });
}

function alreadyThere(store: ObjectStore, cause?: unknown): MusterError {
  return new MusterError("repository-exists", `there is a repository in ${store.description} already`, { cause });
}

function repositoryOf(store: ObjectStore, id: string, masterKey: Buffer): Repository {
  const domainKey = (name: string): Buffer => {
    encodeName(name); // throws for what cannot be a name
    return domainKeyOf(masterKey, id, name);
  };
  return {
    id,
    domain: (name) => domainOf(domainContext(store, id, name, domainKey(name))),
    grant: (name) => ({ repositoryId: id, domain: name, key: domainKey(name).toString("base64url") }),
    domains: () => listDomains(store),
    freeSpace: async () => store.freeSpace?.(),
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}
