import { MusterError } from "@muster/core";
import { openStore } from "@muster/object-store";
import type { RepositoryGrant } from "@muster/protocol/grpc";
import { type Domain, openDomain } from "@muster/repository";

/** Opens the domain that a command grants. */
export async function openGrant(grant: RepositoryGrant | undefined): Promise<Domain> {
  if (grant === undefined) throw new MusterError("internal", "the command grants no repository");
  const key = Buffer.from(grant.domainKey, "base64url");
  return openDomain(await openStore(grant.url), { repositoryId: grant.repositoryId, domain: grant.domain, key });
}
