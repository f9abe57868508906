import type { KMSClient } from "@aws-sdk/client-kms";
import { MusterError } from "@muster/core";
import type { KeyPlace } from "./seal-master-key.ts";

/** Failures that say: this ciphertext or key is not for us. Another key may still open the repository. */
const wrongKey = new Set(["InvalidCiphertextException", "IncorrectKeyException"]);
/** Failures that a person has to mend; all others may pass. */
const refused = new Set([
  "AccessDeniedException",
  "NotFoundException",
  "DisabledException",
  "KMSInvalidStateException",
  "InvalidKeyUsageException",
  "UnrecognizedClientException",
  "CredentialsProviderError",
  "ExpiredTokenException",
  "InvalidSignatureException",
]);
const patience = 30_000;

/**
 * A new wrapping key that the service's key `key` (ARN, id or alias) has encrypted. The service never sees the master key.
 * Throws `key-service-unavailable`, `key-service-refused`.
 */
export async function newDataKey(
  key: string,
  place: KeyPlace,
): Promise<{ readonly arn: string; readonly wrappingKey: Buffer; readonly ciphertext: Buffer }> {
  const { GenerateDataKeyCommand } = await import("@aws-sdk/client-kms");
  const request = new GenerateDataKeyCommand({ KeyId: key, KeySpec: "AES_256", EncryptionContext: contextOf(place) });
  const answer = await withClient(key, (client, abortSignal) => client.send(request, { abortSignal }));
  const { Plaintext, CiphertextBlob, KeyId } = answer;
  if (Plaintext?.length !== 32 || CiphertextBlob === undefined || KeyId === undefined) {
    throw new MusterError("key-service-refused", `the key service gave no data key of ${key}`);
  }
  return { arn: KeyId, wrappingKey: Buffer.from(Plaintext), ciphertext: Buffer.from(CiphertextBlob) };
}

/** The wrapping key, decrypted by the service; undefined when the ciphertext is not this key's. Throws as `newDataKey`. */
export async function openDataKey(arn: string, ciphertext: Buffer, place: KeyPlace): Promise<Buffer | undefined> {
  const { DecryptCommand } = await import("@aws-sdk/client-kms");
  const request = new DecryptCommand({ KeyId: arn, CiphertextBlob: ciphertext, EncryptionContext: contextOf(place) });
  try {
    const { Plaintext } = await withClient(arn, (client, abortSignal) => client.send(request, { abortSignal }));
    return Plaintext?.length === 32 ? Buffer.from(Plaintext) : undefined;
  } catch (thrown) {
    if (thrown instanceof MusterError && wrongKey.has(nameOf(thrown.cause))) return undefined;
    throw thrown;
  }
}

/**
 * Credentials and endpoint come from this host's environment, as the AWS client finds them; the region from the key's ARN.
 * Nothing that stands in a repository says where a request goes.
 */
async function withClient<T>(key: string, work: (client: KMSClient, signal: AbortSignal) => Promise<T>): Promise<T> {
  const { KMSClient } = await import("@aws-sdk/client-kms");
  const region = /^arn:[^:]+:kms:([a-z0-9-]+):/.exec(key)?.[1];
  const client = new KMSClient(region === undefined ? {} : { region });
  try {
    return await work(client, AbortSignal.timeout(patience));
  } catch (cause) {
    throw kmsError(cause, key);
  } finally {
    client.destroy();
  }
}

function kmsError(cause: unknown, key: string): MusterError {
  const name = nameOf(cause);
  const reason = cause instanceof Error ? `${name}: ${cause.message}` : name;
  const code = refused.has(name) || wrongKey.has(name) ? "key-service-refused" : "key-service-unavailable";
  return new MusterError(code, `the key service did not use ${key}: ${reason}`, { cause });
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : "unknown error";
}

/** Bound to the ciphertext, and seen in the service's own audit log. */
function contextOf({ repositoryId, id }: KeyPlace): Record<string, string> {
  return { "muster:repository": repositoryId, "muster:key": id };
}
