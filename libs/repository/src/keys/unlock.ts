import { MusterError } from "@muster/core";
import type { KeyFile } from "./key-file.ts";
import { openDataKey } from "./kms.ts";
import { stretch } from "./passphrase.ts";
import { openMasterKey } from "./seal-master-key.ts";
import { parsePrivateKey, privatePrefix, rawPublicKey, unwrapAs } from "./x25519.ts";

/**
 * What opens a repository: a passphrase, a private key in its printed form, or the key service with the credentials of this
 * host's environment.
 */
export type Unlock = { readonly passphrase: string } | { readonly privateKey: string } | { readonly kms: true };

/** The content of a key file of a person or of the control plane: a private key with remarks (`#`), or a passphrase. */
export function unlockFromText(text: string): Unlock {
  const line = text.split("\n").find((candidate) => candidate.trim().toUpperCase().startsWith(privatePrefix));
  return line === undefined ? { passphrase: text.trim() } : { privateKey: line.trim() };
}

/** For errors: how it was tried, without the secret. */
export function describeUnlock(unlock: Unlock): string {
  if ("passphrase" in unlock) return "the passphrase";
  return "privateKey" in unlock ? "the private key" : "the key service";
}

/**
 * The master key, or undefined when this key file is not for what was given. Throws `repository-corrupt`, `usage` for a
 * mistyped private key, and what the key service throws.
 */
export async function unwrapKey(file: KeyFile, unlock: Unlock): Promise<Buffer | undefined> {
  const wrappingKey = await wrappingKeyOf(file, unlock);
  return wrappingKey === undefined ? undefined : openMasterKey(wrappingKey, file);
}

async function wrappingKeyOf(file: KeyFile, unlock: Unlock): Promise<Buffer | undefined> {
  switch (file.method) {
    case "passphrase":
      return "passphrase" in unlock ? stretch(unlock.passphrase, file.scrypt) : undefined;
    case "x25519":
      return "privateKey" in unlock ? agreed(file, unlock.privateKey) : undefined;
    case "kms":
      return "kms" in unlock
        ? openDataKey(file.kms.key, Buffer.from(file.kms.ciphertext, "base64url"), file)
        : undefined;
    default:
      return file satisfies never;
  }
}

function agreed({ id, x25519 }: Extract<KeyFile, { method: "x25519" }>, privateText: string): Buffer | undefined {
  const privateKey = parsePrivateKey(privateText);
  if (!rawPublicKey(privateKey).equals(Buffer.from(x25519.recipient, "base64url"))) return undefined;
  try {
    return unwrapAs(privateKey, Buffer.from(x25519.ephemeral, "base64url"));
  } catch (cause) {
    throw new MusterError("repository-corrupt", `the key ${id} holds no X25519 public key`, { cause });
  }
}
