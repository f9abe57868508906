import { randomBytes, randomUUID } from "node:crypto";
import { type Clock, MusterError, systemClock } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { domainContext } from "./context.ts";
import { listDomains } from "./domain-key.ts";
import { encodeName } from "./encoding/name.ts";
import { domainKeyOf } from "./encrypt/keys.ts";
import { keyCheckOf } from "./keys/key-check.ts";
import { jsonObject } from "./keys/key-file.ts";
import { keyFileKey, unlock } from "./keys/key-files.ts";
import type { Unlock } from "./keys/unlock.ts";
import { type KeyHolder, wrapKey } from "./keys/wrap-key.ts";
import { domainOf } from "./open-domain.ts";
import {
  formatName,
  formatVersion,
  type RepositoryFile,
  readRepositoryFile,
  repositoryKey,
} from "./repository-file.ts";
import { sweepAuthority } from "./sweep/authority.ts";
import { sweepRepository } from "./sweep/sweep.ts";
import type { Repository } from "./types.ts";

/**
 * Makes a new repository in an empty store, with a new master key that the passphrase opens, or the key service's key. Throws
 * `repository-exists` when one is there, and what `wrapKey` throws. `repository.json` is written last: without it there is none.
 */
export async function initRepository(
  store: ObjectStore,
  { clock = systemClock, label, ...holder }: KeyHolder & { readonly clock?: Clock; readonly label?: string },
): Promise<Repository> {
  if ((await store.head(repositoryKey)) !== undefined) throw alreadyThere(store);
  const id = randomUUID();
  const masterKey = randomBytes(32);
  const wrapped = await wrapKey(masterKey, id, holder, { clock, label });
  const keyCheck = keyCheckOf(masterKey, id);
  const file: RepositoryFile = { format: formatName, version: formatVersion, id, createdAt: clock.now(), keyCheck };
  await store.put(keyFileKey(wrapped.id), jsonObject(wrapped));
  try {
    await store.put(repositoryKey, jsonObject(file));
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "object-exists") throw alreadyThere(store, thrown);
    throw thrown;
  }
  return repositoryOf(store, id, masterKey);
}

/**
 * Opens a repository. Throws `repository-missing`, `repository-key-wrong` when what was given opens none of its keys,
 * `repository-corrupt` when there is none to try, `usage` for a mistyped private key, `key-service-unavailable` and
 * `key-service-refused`.
 */
export async function openRepository(store: ObjectStore, given: Unlock): Promise<Repository> {
  const file = await readRepositoryFile(store);
  const { masterKey } = await unlock(store, file, given);
  return repositoryOf(store, file.id, masterKey);
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
    sweep: (deletable, options) =>
      sweepRepository(
        deletable,
        (name) => ({
          domain: domainContext(deletable, id, name, domainKey(name)),
          authority: sweepAuthority(masterKey, id, name),
        }),
        options,
      ),
    domains: () => listDomains(store),
    freeSpace: async () => store.freeSpace?.(),
  };
}
