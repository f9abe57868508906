import type { Clock } from "@muster/core";
import { CertificateService, createServiceClient } from "@muster/protocol/grpc";
import { identityCredentials } from "./credentials.ts";
import { type Identity, validity, writeIdentity } from "./identity.ts";
import type { SigningRequest } from "./signing-request.ts";

/** Whether two thirds of the certificate's life have passed. */
export function renewalDue(identity: Identity, clock: Clock): boolean {
  const { notBefore, notAfter } = validity(identity.certificate);
  return clock.now() >= notBefore + ((notAfter - notBefore) * 2) / 3;
}

/** Gets the next certificate, for a new key, with the live one; the identity file is replaced as a whole. */
export async function renew(
  path: string,
  identity: Identity,
  makeRequest: (host: string) => Promise<SigningRequest>,
): Promise<Identity> {
  const { privateKey, request } = await makeRequest(identity.host);
  const client = createServiceClient(CertificateService, identity.sessionAddress, identityCredentials(identity));
  try {
    const { certificate, caCertificate } = await client.renew({ signingRequest: request }, { timeout: 20_000 });
    const next = { ...identity, privateKey, certificate, caCertificate };
    await writeIdentity(path, next);
    return next;
  } finally {
    client.close();
  }
}
