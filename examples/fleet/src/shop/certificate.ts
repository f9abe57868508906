import "reflect-metadata";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes the shop's own certificate, as a company's certificate authority would give it one. */
export async function makeCertificate(paths: { certificate: string; privateKey: string }): Promise<void> {
  const keys = await crypto.subtle.generateKey({ name: algorithm.name, namedCurve: algorithm.namedCurve }, true, [
    "sign",
    "verify",
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=shop.example",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 90 * 86_400_000),
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
      ]),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  await mkdir(dirname(paths.certificate), { recursive: true });
  await writeFile(paths.certificate, certificate.toString("pem"), { mode: 0o644 });
  await writeFile(paths.privateKey, key, { mode: 0o600 });
}
