import { readFileSync } from "node:fs";
import { MusterError } from "@muster/core";
import { type Unlock, unlockFromText } from "@muster/repository";

/** In place of a key file: the key service opens the repository. */
export const keyService = "kms";

/** What `--key` names: a file with a passphrase or a private key, or the key service. Throws `secret-missing`. */
export function unlockOf(reference: string): Unlock {
  if (reference === keyService) return { kms: true };
  const text = readSecretFile(reference);
  if (text.trim() !== "") return unlockFromText(text);
  throw new MusterError("secret-missing", `the key file ${reference} is empty`);
}

/** Throws `secret-missing`. */
export function readSecretFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new MusterError("secret-missing", `the key file ${file} cannot be read`, {
      cause,
      hint: `Name the file with the passphrase or the private key, or "${keyService}" for the key service.`,
    });
  }
}
