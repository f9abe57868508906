import "reflect-metadata";
import { createHash, createPrivateKey, webcrypto } from "node:crypto";
import { PemConverter, type X509Certificate } from "@peculiar/x509";

/** ECDSA over P-256, for every key of Muster's certificates. */
export const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** PKCS #8, PEM. */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

export function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
}

/** SHA-256 of a certificate's DER, hex. */
export function fingerprintOf(certificate: X509Certificate): string {
  return createHash("sha256").update(Buffer.from(certificate.rawData)).digest("hex");
}
