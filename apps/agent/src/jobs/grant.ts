import { MusterError } from "@muster/core";
import { type LocalSettings, openStore, sharedAddress } from "@muster/object-store";
import type { RepositoryGrant } from "@muster/protocol/grpc";
import { type Domain, openDomain } from "@muster/repository";
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
export async function openGrant(
  grant: RepositoryGrant | undefined,
  { repositories, identityFile }: OwnAccess,
): Promise<Domain> {
  if (grant === undefined) throw new MusterError("internal", "the command grants no repository");
  const key = Buffer.from(grant.domainKey, "base64url");
  const own = Object.hasOwn(repositories, grant.repository) ? repositories[grant.repository] : undefined;
  const vaultIdentity = () => requireIdentity(identityFile);
  const store = await openStore(sharedAddress(grant.url), { ...own, vaultIdentity });
  return openDomain(store, { repositoryId: grant.repositoryId, domain: grant.domain, key });
}
