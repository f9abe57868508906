import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** Which key file of which repository: bound to what is sealed, so that it fits nowhere else. */
export interface KeyPlace {
  readonly repositoryId: string;
  readonly id: string;
}

export interface SealedMasterKey {
  readonly nonce: string;
  readonly wrapped: string;
}

/** Seals a master key under a wrapping key of 32 bytes (AES-256-GCM); base64url. */
export function sealMasterKey(wrappingKey: Buffer, masterKey: Buffer, place: KeyPlace): SealedMasterKey {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", wrappingKey, nonce);
  cipher.setAAD(associatedData(place));
  const wrapped = Buffer.concat([cipher.update(masterKey), cipher.final(), cipher.getAuthTag()]);
  return { nonce: nonce.toString("base64url"), wrapped: wrapped.toString("base64url") };
}

/** The master key, or undefined when the wrapping key does not fit. */
export function openMasterKey(wrappingKey: Buffer, file: KeyPlace & SealedMasterKey): Buffer | undefined {
  const sealed = Buffer.from(file.wrapped, "base64url");
  const nonce = Buffer.from(file.nonce, "base64url");
  if (sealed.length !== 48 || nonce.length !== 12) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", wrappingKey, nonce, { authTagLength: 16 });
  decipher.setAAD(associatedData(file));
  decipher.setAuthTag(sealed.subarray(-16));
  const masterKey = decipher.update(sealed.subarray(0, -16));
  try {
    decipher.final();
    return masterKey;
  } catch {
    return undefined; // a wrong key is an answer, not an accident
  }
}

function associatedData({ repositoryId, id }: KeyPlace): Buffer {
  return Buffer.from(`muster/v1/key\0${repositoryId}\0${id}\0`);
}
