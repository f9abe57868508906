import { X509Certificate } from "node:crypto";
import { type Clock, MusterError } from "@muster/core";
import { createServiceClient, EnrolmentService } from "@muster/protocol/grpc";
import { dataDirectory } from "../data/directory.ts";
import { agentVersion } from "../version.ts";
import { authorityCredentials } from "./credentials.ts";
import { type Identity, readIdentity, validity, writeIdentity } from "./identity.ts";
import { fetchAuthority } from "./peer-authority.ts";
import { makeSigningRequest } from "./signing-request.ts";
import { parseToken } from "./token.ts";

export interface EnrolOptions {
  readonly token: string;
  /** Replaces the address in the token. */
  readonly server?: string | undefined;
  readonly data: string;
  readonly force: boolean;
  readonly clock: Clock;
}

/**
 * Exchanges a one-time token for a certificate. The token is sent only after the server has proven the authority that the
 * token names. Throws `conflict`, `ca-mismatch`, `host-offline`, `token-unknown`, `token-expired`.
 */
export async function enrol(options: EnrolOptions): Promise<Identity> {
  const token = parseToken(options.token);
  const path = dataDirectory(options.data).identity;
  if (!options.force) refuseLive(path, options.clock);

  const server = options.server ?? token.server;
  const authority = await fetchAuthority(server, token.fingerprint);
  const { privateKey, request } = await makeSigningRequest(token.host);

  const client = createServiceClient(EnrolmentService, server, authorityCredentials(authority));
  try {
    const answer = await client.enrol(
      { token: token.secret, signingRequest: request, agentVersion },
      { timeout: 20_000 },
    );
    const identity: Identity = {
      host: answer.host,
      hostId: answer.hostId,
      privateKey,
      certificate: answer.certificate,
      caCertificate: pinned(answer.caCertificate, token.fingerprint, server),
      sessionAddress: answer.sessionAddress,
    };
    await writeIdentity(path, identity);
    return identity;
  } finally {
    client.close();
  }
}

function pinned(caCertificate: string, fingerprint: string, server: string): string {
  const found = new X509Certificate(caCertificate).fingerprint256.replaceAll(":", "").toLowerCase();
  if (found === fingerprint.toLowerCase()) return caCertificate;
  throw new MusterError("ca-mismatch", `${server} answered with another authority than the token names`);
}

function refuseLive(path: string, clock: Clock): void {
  const identity = readIdentity(path);
  if (identity === undefined || validity(identity.certificate).notAfter < clock.now()) return;
  throw new MusterError("conflict", `this host is enrolled already, as ${identity.host} (${path})`, {
    hint: "Add --force to replace that enrolment.",
  });
}
