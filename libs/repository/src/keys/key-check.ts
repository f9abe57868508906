import { timingSafeEqual } from "node:crypto";
import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { domainContext } from "../context.ts";
import { checkDomainKey, listDomains } from "../domain-key.ts";
import { deriveKey, domainKeyOf } from "../encrypt/keys.ts";
import type { RepositoryFile } from "../repository-file.ts";

/** What `repository.json` says of its master key: enough to know it, useless to find it. */
export function keyCheckOf(masterKey: Buffer, repositoryId: string): string {
  return deriveKey(masterKey, Buffer.from(repositoryId), "muster/v1/key-check").toString("base64url");
}

/**
 * Whether it is the master key that the repository was made with. Anybody who may add objects may add a key file around a master
 * key of their own for a public key that they know: it must not be taken. Repositories from before `keyCheck` are asked by the
 * mark of a domain.
 */
export async function isMasterKey(store: ObjectStore, file: RepositoryFile, masterKey: Buffer): Promise<boolean> {
  if (file.keyCheck !== undefined) {
    const [expected, found] = [file.keyCheck, keyCheckOf(masterKey, file.id)].map((text) => Buffer.from(text));
    return (
      expected !== undefined &&
      found !== undefined &&
      expected.length === found.length &&
      timingSafeEqual(expected, found)
    );
  }
  for await (const name of listDomains(store)) return opensDomain(store, file, name, masterKey);
  return true; // there is nothing yet that it could fail to read
}

async function opensDomain(
  store: ObjectStore,
  { id }: RepositoryFile,
  name: string,
  masterKey: Buffer,
): Promise<boolean> {
  try {
    await checkDomainKey(domainContext(store, id, name, domainKeyOf(masterKey, id, name)));
    return true;
  } catch (thrown) {
    if (thrown instanceof MusterError && thrown.code === "repository-key-wrong") return false;
    throw thrown;
  }
}
