import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyPair {
  readonly key: Buffer;
  readonly certificate: Buffer;
  readonly der: Buffer;
}

/** Certificates for one run of the tests, made with the openssl program. */
export function certificates() {
  const folder = mkdtempSync(join(tmpdir(), "muster-certificates-"));
  try {
    const authority = selfSigned(folder, "authority");
    const otherAuthority = selfSigned(folder, "other");
    return {
      authority: authority.certificate,
      otherAuthority: otherAuthority.certificate,
      server: signed(folder, "authority", "server"),
      client: signed(folder, "authority", "client"),
      stranger: signed(folder, "other", "stranger"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function selfSigned(folder: string, name: string): KeyPair {
  openssl(folder, ["req", "-x509", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`]);
  return read(folder, name);
}

function signed(folder: string, authority: string, name: string): KeyPair {
  openssl(folder, ["req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`]);
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1");
  const by = ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial", "-extfile", "names"];
  openssl(folder, ["x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by]);
  return read(folder, name);
}

function openssl(cwd: string, args: readonly string[]): void {
  execFileSync("openssl", args, { cwd, stdio: "pipe" });
}

function read(folder: string, name: string): KeyPair {
  const certificate = readFileSync(join(folder, `${name}.pem`));
  return { key: readFileSync(join(folder, `${name}.key`)), certificate, der: new X509Certificate(certificate).raw };
}
