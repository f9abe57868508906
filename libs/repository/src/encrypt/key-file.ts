import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { MusterError, newId } from "@muster/core";
import { z } from "zod";

/** scrypt (RFC 7914) with 32 MiB of memory; one of the settings that OWASP's cheat sheet calls equally strong. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const;
const mostMemory = 512 * 2 ** 20;

const keyFileSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  repositoryId: z.string(),
  method: z.literal("passphrase"),
  scrypt: z.object({
    N: z.number().int(),
    r: z.number().int().max(64),
    p: z.number().int().max(64),
    salt: z.base64url(),
  }),
  nonce: z.base64url(),
  /** The master key, AES-256-GCM, with its tag behind it. */
  wrapped: z.base64url(),
});

export type KeyFile = z.output<typeof keyFileSchema>;

/** Wraps a master key with a passphrase. */
export async function wrapKey(masterKey: Buffer, repositoryId: string, passphrase: string): Promise<KeyFile> {
  const id = newId("key");
  const salt = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await stretch(passphrase, { ...cost, salt }), nonce);
  cipher.setAAD(associatedData(repositoryId, id));
  const wrapped = Buffer.concat([cipher.update(masterKey), cipher.final(), cipher.getAuthTag()]);
  return {
    version: 1,
    id,
    repositoryId,
    method: "passphrase",
    scrypt: { ...cost, salt: salt.toString("base64url") },
    nonce: nonce.toString("base64url"),
    wrapped: wrapped.toString("base64url"),
  };
}

/** The master key, or undefined when the passphrase does not fit. */
export async function unwrapKey(file: KeyFile, passphrase: string): Promise<Buffer | undefined> {
  const { N, r, p, salt } = file.scrypt;
  const key = await stretch(passphrase, { N, r, p, salt: Buffer.from(salt, "base64url") });
  const sealed = Buffer.from(file.wrapped, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(file.nonce, "base64url"), { authTagLength: 16 });
  decipher.setAAD(associatedData(file.repositoryId, file.id));
  decipher.setAuthTag(sealed.subarray(-16));
  const masterKey = decipher.update(sealed.subarray(0, -16));
  try {
    decipher.final();
    return masterKey;
  } catch {
    return undefined; // a wrong passphrase is an answer, not an accident
  }
}

/** Parses a stored key file. Throws `repository-corrupt`; a method that this version does not know is undefined. */
export function parseKeyFile(bytes: Uint8Array, key: string): KeyFile | undefined {
  const value = parseJson(bytes, key);
  const method = z.object({ method: z.string() }).safeParse(value);
  if (method.success && method.data.method !== "passphrase") return undefined;
  const parsed = keyFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MusterError("repository-corrupt", `${key} is not a key file: ${z.prettifyError(parsed.error)}`);
}

/** Parses a JSON object of the repository. Throws `repository-corrupt`. */
export function parseJson(bytes: Uint8Array, key: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new MusterError("repository-corrupt", `${key} is not JSON`, { cause });
  }
}

function stretch(passphrase: string, params: { N: number; r: number; p: number; salt: Buffer }): Promise<Buffer> {
  const { salt, ...options } = params;
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFC"), salt, 32, { ...options, maxmem: mostMemory }, (error, key) => {
      if (error === null) resolve(key);
      else reject(new MusterError("repository-corrupt", "a key file has impossible parameters", { cause: error }));
    });
  });
}

function associatedData(repositoryId: string, keyId: string): Buffer {
  return Buffer.from(`muster/v1/key\0${repositoryId}\0${keyId}\0`);
}
