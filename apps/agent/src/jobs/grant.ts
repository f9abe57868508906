import { MusterError } from "@muster/core";
import { type LocalSettings, openStore, sharedAddress } from "@muster/object-store";
import type { RepositoryGrant } from "@muster/protocol/grpc";
import { type Domain, openDomain } from "@muster/repository";

/** What agent.yaml says of repositories, by their names. */
export type RepositorySettings = Readonly<Record<string, LocalSettings>>;

/**
 * Opens the domain that a command grants. Files of this host are named by agent.yaml only: what the command's address
 * says of them does not count.
 */
export async function openGrant(grant: RepositoryGrant | undefined, settings: RepositorySettings): Promise<Domain> {
  if (grant === undefined) throw new MusterError("internal", "the command grants no repository");
  const key = Buffer.from(grant.domainKey, "base64url");
  const own = Object.hasOwn(settings, grant.repository) ? settings[grant.repository] : undefined;
  const store = await openStore(sharedAddress(grant.url), own);
  return openDomain(store, { repositoryId: grant.repositoryId, domain: grant.domain, key });
}
