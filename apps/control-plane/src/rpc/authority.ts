import "reflect-metadata";
import { randomBytes, type webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, systemErrorCode } from "@muster/core";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { writePrivateFile } from "../private-file.ts";
import { algorithm, fingerprintOf, importPrivateKey, newKeyPair, privateKeyPem } from "./keys.ts";

/** The authority that signs the certificates of this control plane and of its agents. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
  /** PEM. */
  readonly pem: string;
  /** SHA-256 of its DER, hex. */
  readonly fingerprint: string;
}

const day = 86_400_000;
const authorityLife = 20 * 365 * day;
/** Certificates begin a little earlier, so that a host whose clock is behind accepts them. */
export const backdate = 300_000;

/**
 * Opens the authority in the data folder (`authority.pem`: certificate and key in one file, so that a crash leaves both or
 * none), or makes it at the first start. Throws `config-invalid` for a damaged file: it is never replaced.
 */
export async function openAuthority(dataDirectory: string, now: number): Promise<Authority> {
  const path = join(dataDirectory, "authority.pem");
  const text = await readIfThere(path);
  if (text === undefined) return makeAuthority(path, now);
  try {
    return await authorityOf(text);
  } catch (cause) {
    throw new MusterError("config-invalid", `${path} does not hold a certificate and its key`, {
      cause,
      hint: "Put it back from a backup; without it every host has to be enrolled anew.",
    });
  }
}

async function makeAuthority(path: string, now: number): Promise<Authority> {
  const keys = await newKeyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: "CN=Muster control plane",
    notBefore: new Date(now - backdate),
    notAfter: new Date(now + authorityLife),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const text = `${certificate.toString("pem")}\n${await privateKeyPem(keys.privateKey)}`;
  await writePrivateFile(path, text);
  return authorityOf(text);
}

async function authorityOf(text: string): Promise<Authority> {
  const certificate = new X509Certificate(
    /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(text)?.[0] ?? "",
  );
  const key = await importPrivateKey(
    /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/.exec(text)?.[0] ?? "",
  );
  return { certificate, key, pem: `${certificate.toString("pem")}\n`, fingerprint: fingerprintOf(certificate) };
}

/** A positive number of 120 random bits, hex. */
export function serialNumber(): string {
  return `01${randomBytes(15).toString("hex")}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
