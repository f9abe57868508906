import { readFile } from "node:fs/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { MusterError } from "@muster/core";

/**
 * Lets this process trust the authorities in a PEM file, besides those that it trusts already: a control plane whose certificate
 * a company's own authority has signed. Throws `usage` when the file is none.
 */
export async function trustAuthority(file: string): Promise<void> {
  try {
    setDefaultCACertificates([...getCACertificates("default"), await readFile(file, "utf8")]);
  } catch (cause) {
    throw new MusterError("usage", `${file} is not a file with certificates`, {
      cause,
      hint: "Name the authority's certificate (PEM) with --ca-file or MUSTER_CA_FILE.",
    });
  }
}
