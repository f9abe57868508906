import "reflect-metadata";
import { isIP } from "node:net";
import { MusterError } from "@muster/core";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { AgentCertificate } from "../context.ts";
import { type Authority, backdate, serialNumber } from "./authority.ts";
import { algorithm, fingerprintOf, newKeyPair, privateKeyPem } from "./keys.ts";

/** Signs an agent's request for this host name; what name the request itself asks for is ignored. */
export async function signAgentRequest(
  authority: Authority,
  signingRequest: Uint8Array,
  { host, now, lifeMs }: { readonly host: string; readonly now: number; readonly lifeMs: number },
): Promise<AgentCertificate> {
  const publicKey = await requestedKey(signingRequest);
  const notAfter = new Date(now + lifeMs);
  const usage = ExtendedKeyUsage.clientAuth;
  const certificate = await sign(authority, { name: host, names: [host], publicKey, usage, now, notAfter });
  return {
    certificate: `${certificate.toString("pem")}\n`,
    fingerprint: fingerprintOf(certificate),
    notAfter: certificate.notAfter,
  };
}

/** A key and certificate (PEM, with the authority after it) for the names under which agents reach this server. */
export async function issueServerCertificate(
  authority: Authority,
  { names, now, lifeMs }: { readonly names: readonly string[]; readonly now: number; readonly lifeMs: number },
): Promise<{ key: string; chain: string }> {
  const { publicKey, privateKey } = await newKeyPair();
  const usage = ExtendedKeyUsage.serverAuth;
  const notAfter = new Date(now + lifeMs);
  const certificate = await sign(authority, {
    name: "Muster control plane server",
    names,
    publicKey,
    usage,
    now,
    notAfter,
  });
  return { key: await privateKeyPem(privateKey), chain: `${certificate.toString("pem")}\n${authority.pem}` };
}

async function requestedKey(signingRequest: Uint8Array): Promise<PublicKey> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(Uint8Array.from(signingRequest));
  } catch (cause) {
    throw new MusterError("request-invalid", "the signing request is not PKCS #10", { cause });
  }
  const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string }; // WebCrypto's shape
  if (name !== algorithm.name || namedCurve !== algorithm.namedCurve) {
    throw new MusterError("request-invalid", `the signing request has a ${name} key; it must be ECDSA P-256`);
  }
  if (!(await request.verify())) {
    throw new MusterError("request-invalid", "the signing request is not signed by its own key");
  }
  return request.publicKey;
}

interface Wanted {
  readonly name: string;
  readonly names: readonly string[];
  readonly publicKey: PublicKey | Parameters<typeof X509CertificateGenerator.create>[0]["publicKey"];
  readonly usage: ExtendedKeyUsage;
  readonly now: number;
  readonly notAfter: Date;
}

async function sign(authority: Authority, { name, names, publicKey, usage, now, notAfter }: Wanted) {
  return X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [name] }],
    issuer: authority.certificate.subject,
    notBefore: new Date(now - backdate),
    notAfter,
    publicKey,
    signingKey: authority.key,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      new SubjectAlternativeNameExtension(names.map(generalName)),
      await AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  });
}

function generalName(name: string): JsonGeneralName {
  return isIP(name) === 0 ? { type: "dns", value: name } : { type: "ip", value: name };
}
