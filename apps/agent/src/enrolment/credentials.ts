import { credentials } from "@grpc/grpc-js";
import type { Identity } from "./identity.ts";

/** Mutual TLS as this host. */
export function identityCredentials(identity: Identity) {
  return credentials.createSsl(
    Buffer.from(identity.caCertificate),
    Buffer.from(identity.privateKey),
    Buffer.from(identity.certificate),
  );
}

/** Trusts one authority and shows no certificate. */
export function authorityCredentials(caCertificate: string) {
  return credentials.createSsl(Buffer.from(caCertificate));
}
