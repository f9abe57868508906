import { MusterError } from "@muster/core";
import { z } from "zod";

const common = {
  version: z.literal(1),
  id: z.string(),
  repositoryId: z.string(),
  /** For people: whose key it is. */
  label: z.string().optional(),
  /** Milliseconds since the Unix epoch. */
  createdAt: z.number().optional(),
  nonce: z.base64url(),
  /** The master key, AES-256-GCM, with its tag behind it. */
  wrapped: z.base64url(),
};

const passphraseSchema = z.object({
  ...common,
  method: z.literal("passphrase"),
  scrypt: z.object({
    N: z.number().int(),
    r: z.number().int().max(64),
    p: z.number().int().max(64),
    salt: z.base64url(),
  }),
});

const x25519Schema = z.object({
  ...common,
  method: z.literal("x25519"),
  /** Raw public keys, 32 bytes each. */
  x25519: z.object({ recipient: z.base64url(), ephemeral: z.base64url() }),
});

const kmsSchema = z.object({
  ...common,
  method: z.literal("kms"),
  /** The ARN of the service's key, and the wrapping key as it has encrypted it. */
  kms: z.object({ key: z.string(), ciphertext: z.base64url() }),
});

const keyFileSchema = z.discriminatedUnion("method", [passphraseSchema, x25519Schema, kmsSchema]);

/** One wrapping of the master key, as it stands in `keys/`. */
export type KeyFile = z.output<typeof keyFileSchema>;
export type KeyMethod = KeyFile["method"];
export type PassphraseKeyFile = z.output<typeof passphraseSchema>;
export type X25519KeyFile = z.output<typeof x25519Schema>;
export type KmsKeyFile = z.output<typeof kmsSchema>;

const methods: readonly string[] = ["passphrase", "x25519", "kms"] satisfies readonly KeyMethod[];

/** Parses a stored key file. Throws `repository-corrupt`; a method that this version does not know is undefined. */
export function parseKeyFile(bytes: Uint8Array, key: string): KeyFile | undefined {
  const value = parseJson(bytes, key);
  const method = z.object({ method: z.string() }).safeParse(value);
  if (method.success && !methods.includes(method.data.method)) return undefined;
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

/** A JSON object of the repository as it is stored. */
export function jsonObject(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}
