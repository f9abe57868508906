import { MusterError, throwIfAborted } from "@muster/core";
import type { ObjectStore } from "@muster/object-store";
import { type DomainContext, domainContext } from "./context.ts";
import { checkDomainKey } from "./domain-key.ts";
import { logIdentities, openLogToRead, openLogToWrite } from "./log/open-log.ts";
import { summaryOf } from "./manifest/manifest.ts";
import { findPoint, scanPoints } from "./manifest/points.ts";
import { pointReader } from "./read/point-reader.ts";
import { readRepositoryFile } from "./repository-file.ts";
import type { Domain, DomainGrant } from "./types.ts";
import { verifyDomain } from "./verify/verify.ts";
import { beginPoint } from "./write/point-writer.ts";

/** A grant as `openDomain` takes it: the key in base64url or as its bytes. */
export type DomainAccess = Omit<DomainGrant, "key"> & { readonly key: string | Uint8Array };

/**
 * Opens one domain with its own key; no other domain and no master key is in reach. Throws `repository-missing`, and
 * `repository-key-wrong` when the grant is for another repository or domain.
 */
export async function openDomain(store: ObjectStore, grant: DomainAccess): Promise<Domain> {
  const key = domainKeyBytes(grant);
  const { id } = await readRepositoryFile(store);
  if (id !== grant.repositoryId) {
    throw new MusterError("repository-key-wrong", `the grant is for repository ${grant.repositoryId}, this is ${id}`);
  }
  const context = domainContext(store, id, grant.domain, key);
  await checkDomainKey(context);
  return domainOf(context);
}

/** The bytes of a grant's key. Throws `repository-key-wrong` when it cannot be one. */
export function domainKeyBytes({ key }: Pick<DomainAccess, "key">): Uint8Array {
  const bytes = typeof key === "string" ? Buffer.from(key, "base64url") : key;
  if (bytes.length !== 32) throw new MusterError("repository-key-wrong", "a domain key has 32 bytes");
  return bytes;
}

export function domainOf(context: DomainContext): Domain {
  return {
    name: context.name,
    beginPoint: (spec, options) => beginPoint(context, spec, options),
    async listPoints(options = {}) {
      const { source, signal, onDamaged } = typeof options === "string" ? { source: options } : options;
      throwIfAborted(signal);
      const { manifests, damaged } = await scanPoints(context, source, signal);
      for (const { key, error } of damaged) {
        if (onDamaged === undefined) throw error;
        onDamaged(key, error);
      }
      return manifests.map((manifest) => summaryOf(context.name, manifest));
    },
    openPoint: async (id) => pointReader(context, await findPoint(context, id)),
    verify: (options) => verifyDomain(context, options),
    writeLog: (log, options) => openLogToWrite(context, log, options),
    readLog: (source, identity, options) => openLogToRead(context, source, identity, options),
    logIdentities: (source, { signal } = {}) => logIdentities(context, source, signal),
  };
}
