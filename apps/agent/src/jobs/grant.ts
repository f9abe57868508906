import { MusterError } from "@muster/core";
import { type LocalSettings, type ObjectStore, openStore, sharedAddress } from "@muster/object-store";
import type { RepositoryGrant } from "@muster/protocol/grpc";
import { type Domain, type DomainAccess, openDomain } from "@muster/repository";
import { requireIdentity } from "../enrolment/identity.ts";

/** What agent.yaml says of repositories, by their names. */
export type RepositorySettings = Readonly<Record<string, LocalSettings>>;

/** What this host adds to the address of a repository. */
export interface OwnAccess {
  readonly repositories: RepositorySettings;
  /** The file of this host's enrolment, which also opens the control plane's vault; read again when it is renewed. */
  readonly identityFile: string;
}

/**
 * Opens the domain that a command grants. Files of this host are named by agent.yaml only: what the command's address
 * says of them does not count.
 */
export async function openGrant(grant: RepositoryGrant | undefined, own: OwnAccess): Promise<Domain> {
  const given = granted(grant);
  return openDomain(await storeOf(given, own), accessOf(given));
}

/** Throws `internal` for a command without a repository. */
export function granted(grant: RepositoryGrant | undefined): RepositoryGrant {
  if (grant === undefined) throw new MusterError("internal", "the command grants no repository");
  return grant;
}

/** The store that a grant names, with what this host says of it. */
export function storeOf(grant: RepositoryGrant, { repositories, identityFile }: OwnAccess): Promise<ObjectStore> {
  const own = Object.hasOwn(repositories, grant.repository) ? repositories[grant.repository] : undefined;
  const vaultIdentity = () => requireIdentity(identityFile);
  return openStore(sharedAddress(grant.url), { ...own, vaultIdentity });
}

export function accessOf({ repositoryId, domain, domainKey }: RepositoryGrant): DomainAccess {
  return { repositoryId, domain, key: Buffer.from(domainKey, "base64url") };
}
