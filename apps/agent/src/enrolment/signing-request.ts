import { webcrypto } from "node:crypto";

export interface SigningRequest {
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** PKCS #10, DER. */
  readonly request: Uint8Array;
}

/** Makes an ECDSA P-256 key on this host and a request to certify it for the host's name. */
export async function makeSigningRequest(host: string): Promise<SigningRequest> {
  await import("reflect-metadata"); // @peculiar/x509 needs it to be there first
  const x509 = await import("@peculiar/x509"); // 10 MB of memory that the resident agent does without
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  x509.cryptoProvider.set(webcrypto);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [host] }],
    keys,
    signingAlgorithm: algorithm,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { privateKey: pem("PRIVATE KEY", pkcs8), request: new Uint8Array(request.rawData) };
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
