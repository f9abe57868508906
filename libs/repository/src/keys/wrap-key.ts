import { type Clock, MusterError, newId } from "@muster/core";
import type { KeyFile } from "./key-file.ts";
import { newDataKey } from "./kms.ts";
import { newScryptParameters, stretch } from "./passphrase.ts";
import { sealMasterKey } from "./seal-master-key.ts";
import { parsePublicKey, wrapFor } from "./x25519.ts";

/** For whom a master key is wrapped. */
export type KeyHolder =
  | { readonly passphrase: string }
  /** A printed public key. */
  | { readonly publicKey: string }
  /** ARN, id or alias of a symmetric key of the key service. */
  | { readonly kmsKey: string };

export interface WrapOptions {
  readonly clock: Clock;
  /** For people: whose key it is. */
  readonly label?: string | undefined;
}

/** Wraps a master key anew. Throws `usage` for an empty passphrase or a mistyped public key, and what the key service throws. */
export async function wrapKey(
  masterKey: Buffer,
  repositoryId: string,
  holder: KeyHolder,
  { clock, label }: WrapOptions,
): Promise<KeyFile> {
  const place = { repositoryId, id: newId("key") };
  const named = { version: 1, ...place, ...(label === undefined ? {} : { label }), createdAt: clock.now() } as const;
  if ("passphrase" in holder) {
    if (holder.passphrase === "") throw new MusterError("usage", "the passphrase of a repository is empty");
    const scrypt = newScryptParameters();
    const wrappingKey = await stretch(holder.passphrase, scrypt);
    return { ...named, method: "passphrase", scrypt, ...sealMasterKey(wrappingKey, masterKey, place) };
  }
  if ("publicKey" in holder) {
    const recipient = parsePublicKey(holder.publicKey);
    const { ephemeral, wrappingKey } = wrapFor(recipient);
    const x25519 = { recipient: recipient.toString("base64url"), ephemeral: ephemeral.toString("base64url") };
    return { ...named, method: "x25519", x25519, ...sealMasterKey(wrappingKey, masterKey, place) };
  }
  const { arn, wrappingKey, ciphertext } = await newDataKey(holder.kmsKey, place);
  const kms = { key: arn, ciphertext: ciphertext.toString("base64url") };
  return { ...named, method: "kms", kms, ...sealMasterKey(wrappingKey, masterKey, place) };
}
